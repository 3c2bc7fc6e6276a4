"""Logs of groups and pairs of hosts as timed tests: who took part, what ran, how long. It judges none, and knows no fabric.

A log's hosts are those that it lists (nccl-tests' ranks), else those of its own line `# hosts: a b c`, else those in the file's
name: names joined by commas, or names that the fabric or another log has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fabric.collectives.catalog import busbw_factor
from fabric.importers import algorithm, catalog, folder
from fabric.records.result import Result
from fabric.records.store import read
from fabric.slow.layers import in_network
from fabric.text.files import exists
from fabric.units import show_size
from topologies.errors import InputError

STATED = re.compile(r"^\s*#\s*hosts\s*:\s*(\S.*?)\s*$", re.MULTILINE)
NAME = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"
SUFFIX = ".jsonl"
"""Of results files of our own."""
Tell = Callable[[str], object]


@dataclass(frozen=True)
class Timed:
    """What one log says of one size. hosts: in the order of their ranks. ranks: all of them.

    tool: as results name it (`import:nccl-tests`, `gloo`). device: the NIC, of perftest. blocks: seconds x algbw / busbw, which
    do not depend on how many ranks a ring has where bandwidth alone bounds it. way: all else that must be equal.
    algorithm: what ran, where the log says.
    """

    file: Path
    hosts: tuple[str, ...]
    ranks: int
    tool: str
    collective: str
    way: tuple[str, ...]
    device: str
    nbytes: int
    blocks: tuple[float, ...]
    wrong: int = 0
    algorithm: str = ""


@dataclass(frozen=True)
class Layer:
    """Tests that can be compared: the same tool, collective, size and NIC. name: its collective, and its NIC if any."""

    name: str
    tests: tuple[Timed, ...]

    @property
    def in_network(self) -> bool:
        """Whether switches add up in its algorithm."""
        return any(in_network(one.algorithm) for one in self.tests)


def layers(path: Path, known: Collection[str], tell: Tell, nbytes: int | None = None) -> list[Layer]:
    """Return what the logs of a folder, or one log, say, by what can be compared; of each the size that most of them have.

    known: names of hosts that a file's name may have. nbytes: the size instead. tell: of what is left out, and why.

    Raises:
        InputError: nothing there, no log of a group of two hosts or more, or none of that size.
    """
    if not exists(path):
        raise InputError(f"from: there is no {path}; a folder of logs, or one log")
    timed = list(_all(path, known, tell))
    by_kind: dict[tuple[str, ...], list[Timed]] = {}
    for one in timed:
        by_kind.setdefault((one.tool, one.collective, one.device, *one.way), []).append(one)
    if not by_kind:
        raise InputError(f"from: {path} holds no times of a group of 2 hosts or more; see docs/slow.md on how hosts are named")
    found = [_of_one_size(key, tests, nbytes, tell) for key, tests in by_kind.items()]
    if not any(layer.tests for layer in found):
        sizes = ", ".join(show_size(size) for size in sorted({one.nbytes for one in timed})[-8:])
        raise InputError(f"size: must be one of the logs' ({sizes}), got {nbytes}")
    return _named([layer for layer in found if layer.tests])


def _of_one_size(key: Sequence[str], tests: Sequence[Timed], nbytes: int | None, tell: Tell) -> Layer:
    """Return the tests of the size that most logs have, of equally many the largest."""
    count = Counter(size for _, size in {(one.file, one.nbytes) for one in tests})
    chosen = nbytes or max(count, key=lambda size: (count[size], size))
    kept = tuple(one for one in tests if one.nbytes == chosen)
    files = {one.file for one in tests} - {one.file for one in kept}
    if files:
        tell(f"left out: {len(files)} logs of {key[1]} without {show_size(chosen)}, {min(files).name} first")
    name = " ".join(part for part in key[1:3] if part)
    layer = Layer(name, kept)
    return replace(layer, name=f"{name} in-network") if layer.in_network else layer


def _named(found: Sequence[Layer]) -> list[Layer]:
    """Return layers whose names differ: what ran is added where two are called the same."""
    often = Counter(layer.name for layer in found)
    return [layer if often[layer.name] == 1 else Layer(_longer(layer), layer.tests) for layer in found]


def _longer(layer: Layer) -> str:
    one = layer.tests[0]
    return " ".join((layer.name, one.tool.removeprefix("import:"), *(part for part in one.way if part)))


def _all(path: Path, known: Collection[str], tell: Tell) -> Iterator[Timed]:
    """Yield every time of every log whose hosts are known."""
    parts = [part for file in folder.files(path) for part in _parts(file, tell)]
    names = {*known, *(host for _, hosts, _, _ in parts for host in hosts)}
    for file, stated, ran, results in parts:
        hosts = stated or in_name(file.stem, names)
        if len(hosts) < 2:
            why = "no hosts are named in it or in its name" if not hosts else f"{hosts[0]} alone, nothing crossed the network"
            tell(f"left out: {file.name}: {why}")
            continue
        yield from _timed(file, hosts, ran, results)


def _parts(file: Path, tell: Tell) -> Iterator[tuple[Path, tuple[str, ...], str, Sequence[Result]]]:
    """Yield (file, hosts that it lists or states, algorithm that it states, results) of every table; no log is told of."""
    try:
        if file.suffix == SUFFIX:
            yield file, (), "", read(file)[0]
            return
        text = catalog.load(file)
        found = catalog.imported(text, str(file))
    except InputError as error:
        tell(f"left out: {error}")
        return
    line = STATED.search(text)
    stated = tuple(dict.fromkeys(re.split(r"[,\s]+", line[1]))) if line else ()
    for finding in (finding for table in found.tables for finding in table.findings if finding.severity == "error"):
        tell(f"{file.name}: {finding.text}")
    for table in found.tables:
        if table.results:
            yield file, table.hosts or stated, algorithm.stated(text), table.results


def in_name(stem: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the hosts that a file's name has: parts between commas, else known names, in the name's order."""
    if "," in stem:
        return tuple(dict.fromkeys(part for part in stem.split(",") if part))
    places = {name: found.start() for name in known if (found := re.search(NAME.format(re.escape(name)), stem))}
    return tuple(sorted(places, key=lambda name: places[name]))


def _timed(file: Path, hosts: tuple[str, ...], ran: str, results: Sequence[Result]) -> Iterator[Timed]:
    """Yield one test per size and kind; of rows with two halves the one out of place. ran: what the log states."""
    both = not all(one.case.in_place for one in results)
    for one in results:
        case = one.case
        if both and case.in_place:
            continue
        params = tuple(f"{key}={value}" for key, value in sorted(case.params.items()))
        place = "in place" if case.in_place else ""
        chosen = one.algorithm if one.algorithm != "default" else ran
        way = (chosen, case.dtype, case.op, case.mode, place, *params)
        factor = busbw_factor(case.collective, case.world_size, case.params) or 1.0
        seconds = one.seconds if one.statistic == "raw" else (one.time,)
        yield Timed(
            file,
            hosts,
            case.world_size,
            one.source,
            case.collective,
            way,
            str(one.context.get("device", "")) if one.source == "import:perftest" else "",
            case.nbytes,
            tuple(value / factor for value in seconds),
            one.wrong or 0,
            chosen,
        )
