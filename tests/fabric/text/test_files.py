"""Files that are none: pipes, devices, folders, names that no file can have; sizes and encodings."""

import os
from pathlib import Path

import pytest

from fabric.text.files import decoded, is_file, read_bytes, read_text
from topologies.errors import InputError

LONG = "x" * 300


def test_regular_files_are_read_in_what_their_mark_says(tmp_path):
    for name, content in (
        ("plain", "ä\nb\n".encode()),
        ("mark", b"\xef\xbb\xbf" + "ä\nb\n".encode()),
        ("shell", "\ufeffä\r\nb\r\n".encode("utf-16-le")),
        ("big", "\ufeffä\nb\n".encode("utf-16-be")),
    ):
        (tmp_path / name).write_bytes(content)
        assert read_text(tmp_path / name, "x") == "ä\nb\n"


def test_what_is_no_text_says_which_byte():
    with pytest.raises(InputError, match=r"^run: cannot read a: not text in UTF-8, byte 1 is none$"):
        decoded(b"a\xff", "run", "a")


def test_no_file_that_could_keep_us_waiting_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, said in (
        (tmp_path / "pipe", "is a pipe"),
        (Path("/dev/zero"), "is a device"),
        (tmp_path, "is a folder"),
        (tmp_path / "none", "No such file"),
        (tmp_path / LONG, "File name too long"),
        (Path("a\0b"), "null"),
        (Path("a\nb\x1b"), r"a\\nb\\x1b: No such file"),
    ):
        with pytest.raises(InputError, match=rf"\Arun: [^\n\x1b]*{said}[^\n\x1b]*\Z"):
            read_bytes(path, "run")
        assert not is_file(path)


def test_a_file_that_is_too_large_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1025)
    assert len(read_bytes(tmp_path / "a", "run", 1025)) == 1025
    with pytest.raises(InputError, match="run: at most 0 MiB are read"):
        read_bytes(tmp_path / "a", "run", 1024)
