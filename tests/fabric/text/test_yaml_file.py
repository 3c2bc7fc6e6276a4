"""Files that are mappings, and every way in which one is not."""

import pytest

from fabric.text.yaml_file import read_mapping
from topologies.errors import InputError


def test_a_mapping_is_given_back(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("sizes: [8]\n")
    assert read_mapping(path, "run", "of sizes") == {"sizes": [8]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"sizes: [8", r"a\.yaml: must be YAML, got [^\n]*"),
        (b"- 8\n", r"a\.yaml: must be a mapping of sizes, got list"),
        (b"", r"a\.yaml: must be a mapping of sizes, got NoneType"),
        (b"\xff\xfe\x00", r"run: cannot read [^\n]*: not text"),
    ],
)
def test_what_is_none_is_one_line(tmp_path, content, words):
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"{words}\Z"):
        read_mapping(path, "run", "of sizes")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"review: cannot read .*none\.yaml: No such file"):
        read_mapping(tmp_path / "none.yaml", "review", "with a title")
