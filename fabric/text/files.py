"""Files: foreign ones as text, regular, of a size that can be held; ours written whole or not at all. It knows no format."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from pathlib import Path

from fabric.errors import EnvironmentFault
from fabric.text.escape import terminal
from topologies.errors import InputError

MOST_BYTES = 256 << 20
"""Of a text file; read whole, it takes a few times as much."""
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe, which could keep this waiting for ever",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
"""Byte order marks and the encodings they say; PowerShell's `>` writes the second."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What writing fails with where there is no room."""


def is_file(text: str | os.PathLike[str]) -> bool:
    """Return whether a text names a regular file that is there; of a name that no file can have, that it does not."""
    return stat.S_ISREG(_mode(text))


def is_folder(text: str | os.PathLike[str]) -> bool:
    """Return whether a text names a folder that is there."""
    return stat.S_ISDIR(_mode(text))


def _mode(text: str | os.PathLike[str]) -> int:
    """Return the mode of what a text names, 0 where there is nothing."""
    try:
        return os.stat(text).st_mode
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return 0


def read_bytes(path: Path, what: str, most: int = MOST_BYTES) -> bytes:
    """Return the content of a regular file of at most `most` bytes. what: the parameter that named it, for messages.

    Raises:
        InputError: no such file, a folder, a pipe or a device, a name no file can have, or one that is too large.
    """
    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)
        if kind != stat.S_IFREG:
            raise InputError(f"{what}: must be a regular file, {terminal(path)} is {KINDS.get(kind, 'none')}")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        said = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{what}: cannot read {terminal(path)}: {said}") from None
    if len(content) > most:
        raise InputError(f"{what}: at most {most >> 20:,} MiB are read, {terminal(path)} is larger")
    return content


def read_text(path: Path, what: str, most: int = MOST_BYTES) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark, without the mark.

    Raises:
        InputError: as read_bytes(); bytes that are no such text.
    """
    return decoded(read_bytes(path, what, most), what, str(path))


def decoded(content: bytes, what: str, where: str) -> str:
    """Return bytes as text: the encoding of their byte order mark, else UTF-8; InputError where they are none."""
    mark, encoding = next((pair for pair in MARKS if content.startswith(pair[0])), (b"", "utf-8"))
    try:
        return content[len(mark) :].decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what}: cannot read {terminal(where)}: not text in {encoding.upper()}, byte {error.start} is none"
        ) from None


def exists(path: str | os.PathLike[str]) -> bool:
    """Return whether something is there under a name; of a name that nothing can have, that there is not."""
    try:
        os.stat(path)
    except (OSError, ValueError):
        return False
    return True


def write_bytes(path: Path, content: bytes, what: str = "output") -> None:
    """Write a file whole or not at all, its folders made where needed. what: the option that named it, for messages.

    Raises:
        InputError: a name or a folder that cannot be written.
        EnvironmentFault: the disk, or what the user may write on it, is full.
    """
    beside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if exists(path) and not is_file(path):  # a device such as /dev/stdout, or what the next line refuses
            path.write_bytes(content)
            return
        at = path.resolve()
        beside = at.with_name(f".{os.getpid()}.part")
        beside.write_bytes(content)
        if exists(at):
            at.open("ab").close()  # one that may not be written is not replaced either
        os.replace(beside, at)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        said = getattr(error, "strerror", None) or str(error)
        if getattr(error, "errno", None) in FULL:
            raise EnvironmentFault(f"{what}: no room to write {terminal(path)}: {said}; make room, then repeat") from None
        where = "choose a folder that can be written"
        raise InputError(f"{what}: cannot write {terminal(path)}: {said}; {where}") from None
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def write_text(path: Path, text: str, what: str = "output") -> None:
    """Write a text in UTF-8, whole or not at all; raises as write_bytes()."""
    write_bytes(path, text.encode(), what)
