"""The text of a trace, unpacked where it is packed, and its rows as cells. It knows no trace."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fabric.text.escape import shown, terminal
from fabric.text.files import MOST_BYTES, decoded, read_bytes
from topologies.errors import InputError

PACKED = b"\x1f\x8b"
MOST_UNPACKED = 4 * MOST_BYTES
"""Bytes that a packed trace may unpack to."""


def text_of(path: Path, what: str = "trace") -> str:
    """Return the text of a file, unpacked if it is a gzip file.

    Raises:
        InputError: a file that cannot be read or unpacked, or is too large unpacked.
    """
    content = read_bytes(path, what)
    if content.startswith(PACKED):
        content = _unpacked(content, what, path)
    return decoded(content, what, str(path))


def _unpacked(content: bytes, what: str, path: Path) -> bytes:
    unpack = zlib.decompressobj(wbits=31)
    try:
        found = unpack.decompress(content, MOST_UNPACKED)
    except zlib.error as error:
        raise InputError(f"{what}: cannot unpack {terminal(path)}: {error}") from None
    if unpack.unconsumed_tail or not unpack.eof:
        why = f"more than {MOST_UNPACKED >> 20:,} MiB unpacked" if unpack.unconsumed_tail else "the file is cut"
        raise InputError(f"{what}: cannot unpack {terminal(path)}: {why}")
    return found


def cells(
    text: str, where: str, columns: Sequence[str], separator: str = ","
) -> Iterator[tuple[int, Mapping[str, str] | None]]:
    """Give (line, column -> cell) of every row below a header; None for a row of another length.

    Raises:
        InputError: no header with these columns.
    """
    lines = csv.reader(text.split("\n"), delimiter=separator, quoting=csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE)
    try:
        header = [cell.strip() for cell in next(lines, [])]
        missing = [name for name in columns if name not in header]
        if missing:
            raise InputError(
                f"{where}: the header must name {', '.join(columns)}, got {shown(separator.join(header))} without {missing[0]}"
            )
        for row in lines:
            if row and any(row):
                same = len(row) == len(header)
                yield lines.line_num, dict(zip(header, map(str.strip, row), strict=True)) if same else None
    except csv.Error as error:
        raise InputError(f"{where}: line {lines.line_num} is no row of cells: {error}") from None
