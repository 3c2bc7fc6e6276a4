"""A node's copy and reduce rates from a site's own rows: MPI from host buffers on several nodes. It measures nothing.

t = sent / copy + added / reduce: what the busiest rank sends, at most the NIC's rate, and what it adds, both by the schedule
of the algorithm that ran. Of rows whose algorithm names one of ours, from FROM bytes on, those that touch about as much
together; an all-gather says copy, an all-reduce that sends and adds in other proportions than another says both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

import numpy as np

from fabric.collectives.algorithms import ALGORITHMS
from fabric.network.fabric import Fabric
from fabric.predict.constants import Constants, Line
from fabric.predict.defaults import default_algorithm
from fabric.predict.footprint import device_levels, touched
from fabric.predict.host import HostRate, HostRates, Interval
from fabric.predict.least import least
from fabric.predict.loaded import loaded
from fabric.predict.model import Model
from fabric.predict.names import FREE, name_of
from fabric.records.case import Case
from fabric.records.result import Result
from topologies.errors import InputError

MIB = 1 << 20
FROM = MIB
"""Bytes from which on rows count: below, what a message takes besides its bytes is most of its time."""
APART = 4.0
"""How many times more than the least of a group its rows may touch together."""
FEWEST = 4
"""Rows below which rates have no interval."""
DRAWS = 200
ALIKE = 1.05
"""How much sent / added may differ between rows that cannot tell copying from adding."""
WORDS = (
    ("rabenseifner", "halving_doubling"),
    ("recursive_halving", "recursive_halving"),
    ("recursive_doubling", "recursive_doubling"),
    ("bruck", "bruck"),
    ("ring", "ring"),
    ("pairwise", "pairwise"),
    ("binomial", "binomial"),
)
"""Words in the name that a library or a suite gives an algorithm, and what we call its schedule."""


def sends_from_host(library: str) -> bool:
    """Return whether a library is an MPI, or a suite's that does not say which."""
    return library.startswith("mpi") or library in ("osu", "imb")


@dataclass(frozen=True)
class Row:
    """A measured time, what its ranks touch, and the bytes that its busiest rank sends and adds."""

    seconds: float
    touched: float
    sent: float
    added: float


def named(case: Case, algorithm: str, backend: str = "") -> str | None:
    """Return our name of the algorithm that a library calls so, None where it is none of ours. backend: whose default."""
    name, own = name_of(algorithm).replace("-", "_"), ALGORITHMS[case.collective]
    if name == FREE:
        try:
            return default_algorithm(backend, case)
        except InputError:
            return None
    words = "_".join(re.findall(r"[a-z]+", name))
    return next((ours for word, ours in WORDS if word in words and ours in own), None)


def bytes_of(case: Case, text: str, fabric: Fabric) -> tuple[float, float]:
    """Return the bytes that the busiest rank of a case sends, and those that it adds, by the algorithm's schedule.

    Raises:
        InputError: a schedule that cannot be laid out there.
    """
    own = {level: (Line(0.0, float(level in device_levels(fabric))),) for level in fabric.topology.levels}
    model = Model(fabric, Constants("a second a byte sent", own, ""), "ideal")
    schedule = model.schedule(case, text)
    sent = loaded(model, case, schedule).by_level
    adding = Constants("a second a byte added", {level: (Line(0.0, 0.0),) for level in own}, "", gamma=1.0)
    added = loaded(model.with_constants(adding), case, schedule).by_level
    return sum(sent.values()), sum(added.values())


def host_rates(results: Iterable[Result], fabric: Fabric, backend: str = "") -> HostRates | None:
    """Return a node's rates from results of MPI on several nodes, None where no row says anything of them.

    Of results with several numbers of ranks on a node those of the number that most of them have.
    """
    large = [one for one in results if one.case.nodes > 1 and one.case.nbytes >= FROM and one.case.order == "contiguous"]
    counts = [one.case.ranks_per_node for one in large]
    if not counts:
        return None
    per_node = max(sorted(set(counts)), key=counts.count)
    own = [one for one in large if one.case.ranks_per_node == per_node]
    rows = sorted(_rows(own, fabric, backend), key=lambda row: row.touched)
    if not rows:
        return None
    wire = 1 / fabric.nic_speed
    groups = list(_groups(rows))
    telling = [(group[0].touched, _fitted(group, wire)[0]) for group in groups if _tells(group)]
    rates = [_rate(group, wire, telling) for group in groups]
    ratios = [row.seconds / _said(row, rate, wire) for group, rate in zip(groups, rates, strict=True) for row in group]
    low, high = np.quantile(ratios, [0.05, 0.95]).tolist()
    nodes = tuple(sorted({one.case.nodes for one in own}))
    source = f"{len(rows)} rows of MPI from {FROM >> 20} MiB on, {', '.join(map(str, nodes))} nodes"
    return HostRates(tuple(rates), source, per_node, (low, high), nodes)


def _rows(results: Sequence[Result], fabric: Fabric, backend: str) -> Iterator[Row]:
    """Yield what a case by an algorithm took, the median over its runs, where its schedule is one of ours."""
    times = defaultdict[tuple[Case, str, str], list[float]](list)
    for one in results:
        if text := named(one.case, one.algorithm, backend):
            times[one.case, one.algorithm, text].append(one.time)
    for (case, _, text), own in times.items():
        with suppress(InputError):  # more ranks than the fabric has, or a number that the algorithm does not take
            yield Row(median(own), touched(case), *bytes_of(case, text, fabric))


def _groups(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows, ascending by what they touch, in groups that touch about as much."""
    found = defaultdict[float, list[Row]](list)
    first = rows[0].touched
    for row in rows:
        first = first if row.touched <= APART * first else row.touched
        found[first].append(row)
    yield from found.values()


def _rate(rows: Sequence[Row], wire: float, telling: Sequence[tuple[float, float]]) -> HostRate:
    """Return the rates that say a group of rows best.

    wire: seconds a byte takes at least, the NIC's. telling: what a byte sent takes in the groups that tell it, by what they
    touch; one that does not takes the nearest one's.
    """
    middle = max(1.0, round(float(np.exp(np.mean(np.log([row.touched for row in rows])))) / MIB)) * MIB
    near = None if _tells(rows) or not telling else min(telling, key=lambda pair: abs(np.log(pair[0] / middle)))[1]
    copy, adding = _fitted(rows, wire, near)
    rng, size = np.random.default_rng(0), len(rows)
    copies: Interval | None = None
    adds: Interval | None = None
    if size >= FEWEST:
        draws = [_fitted([rows[n] for n in rng.integers(0, size, size)], wire, near) for _ in range(DRAWS)]
        copies, adds = (_ends([draw[n] for draw in draws]) for n in (0, 1))
    slower = copy > 1.001 * wire
    return HostRate(
        middle,
        1 / copy if slower else None,
        1 / adding if adding else None,
        copies if slower and near is None else None,
        adds if adding else None,
        size,
    )


def _tells(rows: Sequence[Row]) -> bool:
    """Return whether a group of rows tells what a byte sent takes: some add nothing, or not in one proportion to the sent."""
    shares = [row.added / max(row.sent, 1.0) for row in rows]
    return not any(shares) or max(shares) > ALIKE * min(shares)


def _fitted(rows: Sequence[Row], wire: float, copy: float | None = None) -> tuple[float, float]:
    """Return the seconds of a byte sent, at least the wire's, and of one added, at least those of one sent; 0 where none is.

    copy: what a byte sent is known to take. Where it is not, and the rows do not tell it from adding, both take as long.
    """
    sent, added = (np.array([getattr(row, name) for row in rows]) for name in ("sent", "added"))
    seconds = [row.seconds for row in rows]
    both = sent + added
    if not added.any():
        return wire + least([sent], seconds, sent * wire)[0], 0.0
    if copy is not None:
        return copy, copy + least([added], seconds, both * copy)[0]
    if not _tells(rows):
        equal = wire + least([both], seconds, both * wire)[0]
        return equal, equal
    more, adding = least([both, added], seconds, both * wire)
    return wire + more, wire + more + adding


def _ends(values: Sequence[float]) -> Interval | None:
    """Return the interval of speeds of seconds a byte drawn anew, None where a draw says no speed."""
    low, high = np.quantile(values, [0.025, 0.975]).tolist()
    return (1 / high, 1 / low) if low > 0 else None


def _said(row: Row, rate: HostRate, wire: float) -> float:
    return row.sent * (1 / rate.copy if rate.copy else wire) + (row.added / rate.reduce if rate.reduce else 0.0)
