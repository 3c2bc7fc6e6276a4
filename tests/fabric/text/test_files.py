"""Files that are none: pipes, devices, folders, names that no file can have; sizes and encodings."""

import os
import resource
from pathlib import Path

import pytest

from fabric.errors import EnvironmentFault
from fabric.text.files import decoded, exists, is_file, read_bytes, read_text, write_bytes
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


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    for before in (None, b"of before"):
        path = tmp_path / "deep" / "a"
        if before:
            path.write_bytes(before)
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        try:
            with pytest.raises(EnvironmentFault, match=r"^html: no room to write .*; make room, then repeat$"):
                write_bytes(path, b"x" * 2000, "html")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        assert (path.read_bytes() if path.exists() else None) == before
        assert [one for one in path.parent.iterdir() if one != path] == []
        write_bytes(path, b"whole")
        assert path.read_bytes() == b"whole"
        path.unlink()


def test_what_cannot_be_written_is_one_line(tmp_path):
    for path in (tmp_path, tmp_path / LONG, Path("a\0b"), Path("/proc/none/a"), tmp_path / "a\nb" / LONG):
        with pytest.raises(InputError, match=r"\Aoutput: cannot write [^\n]*; choose a folder that can be written\Z"):
            write_bytes(path, b"x")
        assert not exists(path) or path == tmp_path


def test_a_device_and_a_link_are_written_to_and_not_replaced(tmp_path):
    write_bytes(Path("/dev/null"), b"x")
    assert not Path("/dev/null").is_file()
    (tmp_path / "there").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    write_bytes(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_bytes() == b"x"
