"""Foreign words where they are printed: nothing of them steers a terminal, a page, a spreadsheet, a table or a shell."""

import csv
import html.parser
import io
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.text import escape
from topologies.errors import InputError

BAD = "\x1b]0;owned\x07\x1b[31mred\u202egnp.exe\r\nnext\ud800"


def test_a_terminal_gets_names_for_what_steers():
    assert escape.terminal(BAD) == r"\x1b]0;owned\x07\x1b[31mred\u202egnp.exe\r\nnext\ud800"
    assert escape.terminal("Leaf 3, 机架 ä µ") == "Leaf 3, 机架 ä µ"
    assert escape.lines("a\tb\n\x1bc") == "a\tb\n\\x1bc"


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_nothing_steers(text):
    for safe in (escape.terminal(text), escape.shown(text), escape.markdown_cell(text), escape.html(text).replace("\n", "")):
        assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E for c in safe)
        safe.encode()


@settings(max_examples=200)
@given(st.text(max_size=40))
def test_html_holds_no_tag_of_the_text_and_shows_it(text):
    seen = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append((tag, attrs))

    Reader().feed(f'<p title="{escape.html(text)}">{escape.html(text)}</p>')
    assert [tag for tag, _ in seen] == ["p"]
    assert len(seen[0][1]) == 1


def test_messages_hold_a_cut_text_in_quotes():
    assert escape.shown("x" * 100) == f"'{'x' * 60}...'"
    assert escape.shown(BAD, 8) == r"'\x1b]0;owne...'"
    assert escape.shown(b"\xff1") == "'\ufffd1'"


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "-x", "\t=1"])
def test_a_spreadsheet_gets_no_formula(text):
    out = io.StringIO()
    csv.writer(out).writerow([escape.csv_cell(text)])
    cell = next(csv.reader([out.getvalue()]))[0]
    assert cell[0] == "'"


@pytest.mark.parametrize("value", [-3, "-3", "-0.5", "-", "a=b", "fat_tree:k=4", None, 1.5, True])
def test_numbers_and_words_stay_as_they_are(value):
    assert escape.csv_cell(value) == value


def test_a_markdown_table_keeps_its_columns():
    assert escape.markdown_cell("a|b\n<b>*x*") == r"a\|b\\n\<b\>\*x\*"


@pytest.mark.parametrize("value", ["gpu", "a100,h100", "04:00:00", "node[01-04]", "gres/gpu:8", "%j.out"])
def test_words_of_a_batch_file_stay(value):
    assert escape.batch_word(value, "partition") == value


@pytest.mark.parametrize("value", ["", "a b", "a\nrm -rf /", "a\n#SBATCH -x", "$(id)", "`id`", "a;b", "a'b", "é", "x" * 256])
def test_what_could_begin_another_line_is_refused(value):
    with pytest.raises(InputError, match=r"\Apartition: must be one word of [^\n]*\Z"):
        escape.batch_word(value, "partition")


def test_a_shell_gets_one_word():
    for value in ("a b", "$(id)", "it's", "`id`", "--x"):
        assert shlex.split(escape.shell_word(value, "name")) == [value]
    with pytest.raises(InputError, match="one line of plain characters"):
        escape.shell_word("a\nb", "name")
