"""How a log says that its run was launched: processes and nodes of a command line, `nranks` of a library's log.

It knows launchers, and of tools only what their programs are called. A shell variable or several programs in one command
say nothing certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from fabric.importers.table import Table, lines
from fabric.text.numbers import whole

LAUNCHER = re.compile(r"(?:^|[\s/;&|])(mpirun|mpiexec(?:\.hydra)?|orterun|prterun|srun)\s+(.*)")
PROGRAM = re.compile(r"(?:^|/)(?:\w+_perf(?:_mpi)?|osu_\w+|IMB-\w+|\w+_test)$")
NRANKS = re.compile(r"\b[nN]_?[rR]anks?[ =:]+(\d{1,7})\b")
COUNT = re.compile(r"\d{1,7}")
PER_NODE = re.compile(r"ppr:(\d{1,4}):node")
OPTIONS = {
    "mpi": {
        "processes": ("-np", "-n", "--np", "--n", "-c"),
        "per_node": ("-npernode", "--npernode", "-N", "-ppn", "--ppn", "-perhost"),
        "nodes": (),
    },
    "srun": {"processes": ("-n", "--ntasks"), "per_node": ("--ntasks-per-node",), "nodes": ("-N", "--nodes")},
}
"""What a launcher's options count; for srun, `-N` are nodes, for mpirun processes per node."""
THREADS = (("-g", "--ngpus"), ("-t", "--nthreads"))
"""nccl-tests' options whose product is the ranks of one process."""


@dataclass(frozen=True)
class Launch:
    """One command line: processes and nodes as far as it says (None), and the ranks that each process drives."""

    line: int
    processes: int | None = None
    nodes: int | None = None
    per_process: int = 1


def launches(text: str) -> list[Launch]:
    """Return the command lines of a log that start a benchmark, in their order; one that a backslash continues is one."""
    return [launch for line, command in _commands(text) if (launch := _launch(line, command)) is not None]


def said_ranks(text: str) -> int | None:
    """Return the ranks that a library's log says (`nranks 512`), None where it does not or says several counts."""
    said = {whole(found[1], "processes") for found in NRANKS.finditer(text)}
    return said.pop() if len(said) == 1 else None


def launch_of(table: Table, found: Sequence[Launch]) -> Launch | None:
    """Return the last command line above a table, with the ranks per process that the table's own head says; else None."""
    above = [launch for launch in found if launch.line < table.line]
    if not above:
        return None
    return above[-1] if table.per_process is None else replace(above[-1], per_process=table.per_process)


def _commands(text: str) -> Iterator[tuple[int, str]]:
    began, command = 0, ""
    for line, content in lines(text):
        began = began if command else line
        command = f"{command} {content}".strip()
        if command.endswith("\\"):
            command = command.removesuffix("\\")
            continue
        yield began, command
        command = ""


def _launch(line: int, command: str) -> Launch | None:
    """Return what one command line says, None where it starts nothing."""
    found = LAUNCHER.search(command)
    if found is None:
        return None
    words = re.sub(r"(--[\w-]+)=", r"\1 ", found[2]).split()
    at = next((i for i, word in enumerate(words) if PROGRAM.search(word)), len(words))
    counts = _counts(words[:at], OPTIONS["srun" if found[1] == "srun" else "mpi"])
    if at == len(words) and "processes" not in counts:
        return None  # a message of the launcher, say
    if ":" in words:
        return Launch(line)
    processes, each, nodes = counts.get("processes"), counts.get("per_node"), counts.get("nodes")
    if processes is None and each and nodes:
        processes = each * nodes
    if nodes is None and each and processes:
        nodes = -(-processes // each)
    return Launch(line, processes, nodes, _per_process(words[at + 1 :]))


def _counts(words: Sequence[str], options: dict[str, tuple[str, ...]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word, value in pairwise([*words, ""]):
        if near := PER_NODE.search(word):
            found["per_node"] = whole(near[1], "processes")
        for what, names in options.items():
            if word in names and COUNT.fullmatch(value) and whole(value, "processes") > 0:
                found[what] = whole(value, "processes")
    return found


def _per_process(words: Sequence[str]) -> int:
    product = 1
    for names in THREADS:
        given = [value for word, value in pairwise(words) if word in names and COUNT.fullmatch(value)]
        product *= whole(given[-1], "processes") if given else 1
    return max(product, 1)
