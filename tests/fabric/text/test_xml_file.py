"""XML with limits: nothing expands, nothing is nested without end, every element knows its line."""

import pytest

from fabric.text.xml_file import MOST_DEPTH, NotXml, parse_xml

BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'


def test_elements_remember_their_lines():
    root = parse_xml('<?xml version="1.0" encoding="no-such"?>\n<a>\n<b x="ä"/></a>', "x")
    assert (root.tag, root.line, root[0].get("x"), root[0].line) == ("a", 2, "ä", 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: no element found"),
        ("<a>\n<b>", "line 2: no element found"),
        ("<a></b>", "mismatched tag"),
        (BOMB, "without entity declarations"),
        ("<a>" * (MOST_DEPTH + 1), "more than 100 elements"),
        ("<a>" * 100_000, "more than 100 elements"),
        ("<a>\ud800</a\x00>", "line 1"),
    ],
)
def test_what_is_none_is_one_line(text, said):
    with pytest.raises(NotXml, match=rf"\Ax: must be XML, got [^\n]*{said}[^\n]*\Z"):
        parse_xml(text, "x")
