"""Which tools' output can be imported, how a file's tool is told, and the one way in. It reads no format itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fabric.importers import hccl_test, imb, nccl_json, nccl_tests, osu, rccl_tests
from fabric.importers.cut import whole_rows
from fabric.importers.results import Given, Imported, convert
from fabric.importers.table import Table, Tables, lines
from fabric.records.result import Result
from fabric.records.screen import Finding
from fabric.text.files import read_bytes
from topologies.errors import InputError

READERS: dict[str, Callable[[str, str], Tables]] = {
    "nccl-tests": nccl_tests.read,
    "rccl-tests": rccl_tests.read,
    "osu": osu.read,
    "imb": imb.read,
    "hccl_test": hccl_test.read,
}
"""Tool -> reader(text, name of the file)."""
SIGNS = {
    "nccl-tests": re.compile(nccl_tests.HEADER.pattern, re.MULTILINE),
    "osu": re.compile(r"^#\s+OSU MPI", re.MULTILINE),
    "imb": re.compile(r"^#\s+Benchmarking\s+\S+\s*$", re.MULTILINE),
    "hccl_test": hccl_test.HEADER,
}
RCCL = re.compile(r"rccl-tests|rccl-library|librccl|RCCL version|^#\s+Rank\s.*\]\s+(?:AMD|gfx|Radeon)", re.MULTILINE)
ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class Import:
    """What a file gave: its tool, its tables, and what was left out of it (row = line number)."""

    tool: str
    tables: tuple[Imported, ...]
    left_out: tuple[Finding, ...]

    @property
    def results(self) -> list[Result]:
        """All results, in the order of the file."""
        return [result for table in self.tables for result in table.results]

    @property
    def findings(self) -> list[Finding]:
        """All findings, first what was left out; a table's without a line have the line of its header."""
        own = [Finding(f.severity, f.text, f.row or table.line) for table in self.tables for f in table.findings]
        return [*self.left_out, *own]


def load(path: Path) -> str:
    """Return a file's text; UTF-16 (a redirect of PowerShell) is read too.

    Raises:
        InputError: a file that cannot be read or is no text.
    """
    content = read_bytes(path, "import")
    encoding = ENCODINGS.get(content[:2], "utf-8-sig")
    text = content.decode(encoding, errors="replace")
    if "\0" in text:
        raise InputError(f"import: {path} must be a text file, got binary data")
    return text


def recognise(text: str, where: str) -> str:
    """Return the tool whose output a text is.

    Raises:
        InputError: no tool's, or that of several.
    """
    if nccl_json.looks_like(text):
        return "nccl-tests"
    bare = "\n".join(line for _, line in lines(text))
    found = [tool for tool, sign in SIGNS.items() if sign.search(bare)]
    if len(found) > 1:
        raise InputError(f"{where}: holds output of {' and '.join(found)}; name one with --tool, then the other")
    if not found:
        raise InputError(f"{where}: is no output of {', '.join(READERS)} (no table header of theirs was found)")
    return "rccl-tests" if found == ["nccl-tests"] and RCCL.search(bare) else found[0]


def imported(text: str, where: str, tool: str = "auto", given: Given | None = None) -> Import:
    """Return the results and findings of one text.

    tool: `auto` or a key of READERS; where: the file's name, for errors and contexts; given: what the file does not say.

    Raises:
        InputError: an unknown tool, a text that is none of its outputs, a row that cannot be read, ranks not known.
    """
    if tool not in ("auto", *READERS):
        raise InputError(f"tool: must be auto or one of {', '.join(READERS)}, got {tool!r}")
    chosen = recognise(text, where) if tool == "auto" else tool
    json = chosen in ("nccl-tests", "rccl-tests") and nccl_json.looks_like(text)
    parts = nccl_json.read(text, where) if json else whole_rows(READERS[chosen], text, where)
    tables = tuple(convert(part, chosen, where, given or Given()) for part in parts if isinstance(part, Table))
    left_out = tuple(part for part in parts if isinstance(part, Finding))
    if not any(table.results for table in tables):
        why = f"; line {left_out[0].row}: {left_out[0].text}" if left_out else ""
        raise InputError(f"{where}: holds no result of {chosen} that can be imported{why}")
    return Import(chosen, tables, left_out)
