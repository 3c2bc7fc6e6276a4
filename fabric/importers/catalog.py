"""Which tools' output can be imported, how a file's tool is told, and the one way in. It reads no format itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fabric.importers import hccl_test, imb, nccl_json, nccl_tests, osu, rccl_tests
from fabric.importers.cut import whole_rows
from fabric.importers.launched import launch_of, launches, said_ranks
from fabric.importers.noise import ESCAPES, streams
from fabric.importers.results import Given, Imported, Said, convert, refuse_contradiction
from fabric.importers.table import Table, Tables
from fabric.records.result import Result
from fabric.records.screen import Finding
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
    "nccl-tests": nccl_tests.SIGN,
    "osu": osu.SIGN,
    "imb": imb.SIGN,
    "hccl_test": hccl_test.SIGN,
}
"""Tool -> what heads its tables, from the first character of the line on, wherever in a line it stands."""
RCCL = re.compile(r"rccl-tests|rccl-library|librccl|RCCL version|\bRank\s.*\]\s+(?:AMD|gfx|Radeon)")
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
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"import: cannot read {path}: {error.strerror}") from None
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
    bare = [ESCAPES.sub("", line) for line in text.splitlines()]
    found = [tool for tool, sign in SIGNS.items() if any(sign.search(line) for line in bare)]
    if len(found) > 1:
        raise InputError(f"{where}: holds output of {' and '.join(found)}; name one with --tool, then the other")
    if not found:
        raise InputError(f"{where}: is no output of {', '.join(READERS)} (no table header of theirs was found)")
    return "rccl-tests" if found == ["nccl-tests"] and RCCL.search(text) else found[0]


def imported(text: str, where: str, tool: str = "auto", given: Given | None = None) -> Import:
    """Return the results and findings of one text.

    tool: `auto` or a key of READERS; where: the file's name, for errors and contexts; given: what the file does not say.

    Raises:
        InputError: an unknown tool, a text that is none of its outputs, a row that cannot be read, ranks not known.
    """
    if tool not in ("auto", *READERS):
        raise InputError(f"tool: must be auto or one of {', '.join(READERS)}, got {tool!r}")
    given = given or Given()
    chosen = recognise(text, where) if tool == "auto" else tool
    json = chosen in ("nccl-tests", "rccl-tests") and nccl_json.looks_like(text)
    parts = [(part, Said(given)) for part in nccl_json.read(text, where)] if json else _parts(text, where, chosen, given)
    refuse_contradiction([part for part, _ in parts if isinstance(part, Table)], where, given)
    tables, left_out, first = list[Imported](), list[Finding](), None
    for part, said in parts:
        if isinstance(part, Finding):
            left_out.append(part)
            continue
        try:
            tables.append(convert(part, chosen, where, said))
        except InputError as error:
            first = first or error
            left_out.append(Finding("warning", f"left out: {str(error).removeprefix(f'{where}:{part.line}: ')}", part.line))
    if not any(table.results for table in tables):
        raise first or InputError(f"{where}: holds no result of {chosen} that can be imported{_why(tables, left_out)}")
    return Import(chosen, tuple(tables), tuple(left_out))


def _parts(text: str, where: str, tool: str, given: Given) -> list[tuple[Table | Finding, Said]]:
    """Return what a reader finds in the streams of a text, and what the log around each table says of its run.

    Raises:
        InputError: the reader's, where none of the streams can be read.
    """
    found: list[tuple[Table | Finding, Said]] = []
    for stream in streams(text, SIGNS["nccl-tests" if tool == "rccl-tests" else tool]):
        commands, ranks = launches(stream.text), said_ranks(stream.text)
        found += [(finding, Said(given)) for finding in stream.findings]
        for part in whole_rows(READERS[tool], stream.text, where):
            launch = launch_of(part, commands) if isinstance(part, Table) else None
            started = launch.processes * launch.per_process if launch and launch.processes else None
            found.append((part, Said(given, ranks or started, launch.nodes if launch else None)))
    return found


def _why(tables: Sequence[Imported], left_out: Sequence[Finding]) -> str:
    """Return the gravest finding as the end of a sentence."""
    findings = [*left_out, *(finding for table in tables for finding in table.findings)]
    if not findings:
        return ""
    first = min(findings, key=lambda finding: ("error", "warning", "note").index(finding.severity))
    return f"; line {first.row}: {first.text}" if first.row else f"; {first.text}"
