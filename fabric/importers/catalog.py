"""Which tools' output can be imported, how a file's tool is told, and the one way in. It reads no format itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fabric.importers import (
    all_reduce_bench,
    deepspeed,
    hccl_test,
    imb,
    nccl_debug,
    nccl_inspector,
    nccl_json,
    nccl_tests,
    osu,
    perftest,
    rccl_tests,
    topo_matrix,
)
from fabric.importers.cut import whole_rows
from fabric.importers.launched import launch_of, launches, said_ranks
from fabric.importers.noise import ESCAPES, streams
from fabric.importers.results import Given, Imported, Said, convert, refuse_contradiction
from fabric.importers.table import Table, Tables, why
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
    "perftest": perftest.read,
    "all_reduce_bench": all_reduce_bench.read,
    "deepspeed": deepspeed.read,
    "nccl-inspector": nccl_inspector.read,
}
"""Tool -> reader(text, name of the file)."""
SIGNS = {
    "nccl-tests": nccl_tests.SIGN,
    "osu": osu.SIGN,
    "imb": imb.SIGN,
    "hccl_test": hccl_test.SIGN,
    "perftest": perftest.SIGN,
    "all_reduce_bench": all_reduce_bench.SIGN,
    "deepspeed": deepspeed.SIGN,
}
"""Tool -> what heads its tables, from the first character of the line on, wherever in a line it stands."""
JSON: dict[str, tuple[Callable[[str], bool], Callable[[str, str], Tables]]] = {
    "nccl-tests": (nccl_json.looks_like, nccl_json.read),
    "rccl-tests": (nccl_json.looks_like, nccl_json.read),
    "nccl-inspector": (nccl_inspector.looks_like, nccl_inspector.read),
}
"""Tool -> whether a text is its JSON, and the reader of it. JSON has no noise between its lines."""
CONTEXTS = {"nccl_debug": "NCCL's own log", "topo_matrix": "the matrix of nvidia-smi topo -m"}
RCCL = re.compile(r"rccl-tests|rccl-library|librccl|RCCL version|\bRank\s.*\]\s+(?:AMD|gfx|Radeon)")
LARGEST_FILE = 1 << 30
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
        InputError: a file that cannot be read, is no text or too large.
    """
    content = read_bytes(path, "import", LARGEST_FILE)
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
    json = next((tool for tool, (looks_like, _) in JSON.items() if looks_like(text)), None)
    if json is not None:
        return json
    bare = [ESCAPES.sub("", line) for line in text.splitlines()]
    found = [tool for tool, sign in SIGNS.items() if any(sign.search(line) for line in bare)]
    if len(found) > 1:
        raise InputError(f"{where}: holds output of {' and '.join(found)}; name one with --tool, then the other")
    if not found and (beside := context(text)):
        kinds = " and ".join(CONTEXTS[name] for name in beside)
        raise InputError(f"{where}: holds {kinds} and no times; give it beside a log with --context")
    if not found:
        raise InputError(f"{where}: is no output of {', '.join(READERS)} (no table header of theirs was found)")
    return "rccl-tests" if found == ["nccl-tests"] and RCCL.search(text) else found[0]


def context(text: str) -> dict[str, Any]:
    """Return what a log says of its run besides times: NCCL's own log, the matrix of nvidia-smi; {} where it holds neither."""
    found = {"nccl_debug": nccl_debug.context(text), "topo_matrix": topo_matrix.context(text)}
    return {name: facts for name, facts in found.items() if facts}


def imported(
    text: str, where: str, tool: str = "auto", given: Given | None = None, beside: Mapping[str, Any] | None = None
) -> Import:
    """Return the results and findings of one text.

    tool: `auto` or a key of READERS; where: the file's name, for errors and contexts; given: what the file does not say;
    beside: context of another file (context()) for all results.

    Raises:
        InputError: an unknown tool, a text that is none of its outputs, a row that cannot be read, ranks not known.
    """
    if tool not in ("auto", *READERS):
        raise InputError(f"tool: must be auto or one of {', '.join(READERS)}, got {tool!r}")
    given = given or Given()
    chosen = recognise(text, where) if tool == "auto" else tool
    parts = _parts(text, where, chosen, Said(given, context=beside or {}))
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
            left_out.append(Finding("warning", f"left out: {why(error)}", part.line))
    if not any(table.results for table in tables):
        raise first or InputError(f"{where}: holds no result of {chosen} that can be imported{_why(tables, left_out)}")
    return Import(chosen, tuple(tables), tuple(left_out))


def _parts(text: str, where: str, tool: str, said: Said) -> list[tuple[Table | Finding, Said]]:
    """Return what a reader finds in the streams of a text, and what the log around each table says of its run.

    Raises:
        InputError: the reader's, where none of the streams can be read.
    """
    if tool in JSON and JSON[tool][0](text):
        return [(part, said) for part in JSON[tool][1](text, where)]
    found: list[tuple[Table | Finding, Said]] = []
    sign = SIGNS.get("nccl-tests" if tool == "rccl-tests" else tool)
    for stream in streams(text, sign) if sign else ():
        commands, ranks = launches(stream.text), said_ranks(stream.text)
        around = replace(said, context={**context(stream.text), **said.context})
        found += [(finding, around) for finding in stream.findings]
        for part in whole_rows(READERS[tool], stream.text, where):
            launch = launch_of(part, commands) if isinstance(part, Table) else None
            started = launch.processes * launch.per_process if launch and launch.processes else None
            found.append((part, replace(around, ranks=ranks or started, nodes=launch.nodes if launch else None)))
    return found


def _why(tables: Sequence[Imported], left_out: Sequence[Finding]) -> str:
    """Return the gravest finding as the end of a sentence."""
    findings = [*left_out, *(finding for table in tables for finding in table.findings)]
    if not findings:
        return ""
    first = min(findings, key=lambda finding: ("error", "warning", "note").index(finding.severity))
    return f"; line {first.row}: {first.text}" if first.row else f"; {first.text}"
