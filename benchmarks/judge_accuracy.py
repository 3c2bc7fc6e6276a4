"""How often `judge` finds a slowdown, and how often it cries wolf: hits and false alarms over tables of healthy sites.

    python -m benchmarks.judge_accuracy ../shared/data/scale ../shared/data/published_busbw.json

Files are CSV of one schema (site, run, library, collective, algorithm, setting, nodes, ranks, bytes, time_us ...) or JSON of
published tables. Slowdowns of 2, 1.33 and 1.14 are put on rows that follow the NICs (several nodes, S/p >= 4 MiB, S >= 256
MiB). Rows that take 1.5 times the median of the same case at their site are slow as published: no false alarms, counted apart.
By hardware every table is judged on the fabric that its site is known to have; by site every table (run, setting, number of
nodes) is held against the floor of the site's other ones of that setting. An unknown site is
named by an argument, such as NAME=8,400Gb/s,nccl:b200,nvswitch (devices and NIC of a node, hardware, what joins the devices).
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median

from fabric.collectives.catalog import COLLECTIVES
from fabric.judge.floor import Floor, floor_of
from fabric.judge.judgement import Expected
from fabric.judge.nominal import BAD_FROM, Nominal, nominal_of
from fabric.judge.table import is_large
from fabric.network.spec import from_short_form
from fabric.predict.constants import NONE, constants_of
from fabric.records.case import Case
from fabric.records.result import Result

SLOWDOWNS = (2.0, 1.33, 1.14)
SLOW_AS_PUBLISHED = 1.5
Key = tuple[object, ...]
Groups = Mapping[Key, Sequence[Result]]
NEEDED = ("collective", "nodes", "ranks", "bytes", "time_us", "library")
"""Columns without which a CSV file says nothing."""
FOREIGN = {"sendrecv": "send_recv", "alltoall": "all_to_all"}


@dataclass(frozen=True)
class Site:
    """What is known of a site: devices per node, NIC per device, what joins them, NCCL's hardware (None: not known).

    stated: whether the NICs are known, so that a slowdown of theirs can be put on a table.
    """

    per_node: int
    nic: str
    constants: str | None
    scale_up: str = "nvswitch"
    stated: bool = True

    def nominal(self, nodes: int) -> Nominal:
        """Return the nominal hardware of so many nodes."""
        inside = f",scale_up={self.scale_up}" if self.per_node > 1 else ""
        fabric = from_short_form(f"rail_only:nodes={nodes},rails={self.per_node},speed={self.nic}{inside}")
        return nominal_of(fabric, constants_of(self.constants) if self.constants else NONE)


SITES = {
    "alps": Site(4, "200Gb/s", "nccl:h100", "full_mesh"),
    "mare_nostrum": Site(4, "200Gb/s", "nccl:h100", "full_mesh"),
    "b200": Site(8, "400Gb/s", "nccl:b200"),
}
"""What the name of a CSV begins with -> its nodes; others are named on the command line.

Four GH200 or H100 on one board are joined without a switch. MPI has no law from hardware.
"""
GPUS = {"A100": "nccl:a100", "H100": "nccl:h100", "B200": "nccl:b200", "GB200": "nccl:gb200"}


@dataclass(frozen=True)
class Score:
    """What was counted of rows or tables: how many, bad as they are, and bad under every slowdown."""

    count: int = 0
    false: int = 0
    hits: tuple[int, ...] = (0, 0, 0)

    def __add__(self, other: Score) -> Score:
        hits = tuple(a + b for a, b in zip(self.hits, other.hits, strict=True))
        return Score(self.count + other.count, self.false + other.false, hits)

    @property
    def table(self) -> Score:
        """The score of the rows as one table: bad where half of its rows are."""
        if not self.count:
            return Score()
        return Score(1, int(2 * self.false >= self.count), tuple(int(2 * hit >= self.count) for hit in self.hits))


@dataclass(frozen=True)
class Scores:
    """Scores of a file by kind: rows of more than two nodes or of a named algorithm; of two nodes and a free choice; tables.

    watched: of those of two nodes, how many are to be watched or bad at the largest slowdown.
    """

    rows: Score = field(default_factory=Score)
    two_nodes: Score = field(default_factory=Score)
    tables: Score = field(default_factory=Score)
    one_node: Score = field(default_factory=Score)
    watched: int = 0

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            self.rows + other.rows,
            self.two_nodes + other.two_nodes,
            self.tables + other.tables,
            self.one_node + other.one_node,
            self.watched + other.watched,
        )


def of_csv(path: Path) -> Iterator[Result]:
    """Yield the results of a CSV file of the schema; what no case can hold is left out, and said on standard error."""
    left: Counter[str] = Counter()
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        table = csv.DictReader(line.replace("\0", "?") for line in file)
        lacking = [name for name in NEEDED if name not in (table.fieldnames or ())]
        for row in () if lacking else table:
            found = _of_row(row)
            if isinstance(found, str):
                left[found] += 1
            else:
                yield found
    if lacking:
        print(f"{path.name}: left out, lacks {', '.join(lacking)}", file=sys.stderr)
    for why, count in left.items():
        print(f"{path.name}: {count} rows left out, {why}", file=sys.stderr)


def _of_row(row: Mapping[str, str | None]) -> Result | str:
    """Return the result of a row, or why it is none."""
    said = defaultdict(str, {name: value or "" for name, value in row.items() if name})
    collective, setting = FOREIGN.get(said["collective"], said["collective"]), said["setting"]
    try:
        ranks, nodes, nbytes, seconds = (float(said[name] or 0) for name in ("ranks", "nodes", "bytes", "time_us"))
    except ValueError:
        return "a number that is none"
    if collective not in COLLECTIVES:
        return f"no collective that is known: {collective}"
    if not (ranks >= 2 and nodes >= 1 and 0 < seconds < float("inf")):
        return "one rank, no node or no time"
    if ranks % nodes or nbytes % 1:
        return "ranks that nodes share unevenly, or parts of bytes"
    tool = "nccl-tests" if said["library"].startswith("nccl") and "socket" not in setting else "osu"
    case = Case(collective, int(nbytes), int(ranks), int(nodes), int(ranks // nodes), in_place=False)
    sharp = "real SHARP" in said["note"] and setting == "collnet" and collective == "all_reduce"
    algorithm = "sharp" if sharp and nodes > 1 else said["algorithm"] or "default"
    context = {"file": said["site"], "setting": f"{said['run']} {setting}", "label": setting, "library": said["library"]}
    return Result(case, f"import:{tool}", (seconds * 1e-6,), algorithm, "mean", context=context)


def of_json(path: Path) -> Iterator[tuple[str, Site, list[Result]]]:
    """Yield name, hardware and results of every published table of times."""
    for table in json.loads(path.read_bytes())["tables"]:
        if table.get("kind") or table.get("anomaly"):
            continue
        yield table["id"], _site(table), list(_published(table))


def _site(table: dict[str, object]) -> Site:
    """Return the hardware of a published table; where its NICs are not stated, 400 Gb/s a device, the field's usual."""
    rate = table.get("nic_gbps_per_gpu") or 400
    gpu = str(table["gpu"]).split("-")[0]
    switched = "NVL72" in str(table["intra"])
    per_node = 72 if switched else int(str(table["gpus_per_node"]))
    inside = "nvl72" if switched else "nvswitch" if gpu in GPUS else "pcie_tree"
    return Site(per_node, f"{rate}Gb/s", GPUS.get(gpu), inside, stated=bool(table.get("nic_gbps_per_gpu")))


def _published(table: dict[str, object]) -> Iterator[Result]:
    algorithm = "ring" if str(table["algorithm"]).startswith("Ring") else "default"
    ranks, nodes = int(str(table["n_ranks"])), int(str(table["nodes"]))
    for row in table["rows"]:  # type: ignore[attr-defined]
        for place, key in ((False, "time_us"), (True, "ip_time_us")):
            if row.get(key):
                case = Case(str(table["collective"]), row["size"], ranks, nodes, -(-ranks // nodes), in_place=place)
                yield Result(case, "import:nccl-tests", (row[key] * 1e-6,), algorithm, "mean", context={"file": table["id"]})


def split(results: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    """Return the rows that bandwidth decides and that are not slow as published, and those that are."""
    large = [one for one in results if is_large(one)]
    times = defaultdict[tuple[object, ...], list[float]](list)
    for one in large:
        times[_like(one)].append(one.time)
    kept = [one for one in large if one.time <= SLOW_AS_PUBLISHED * median(times[_like(one)])]
    return kept, [one for one in large if one.time > SLOW_AS_PUBLISHED * median(times[_like(one)])]


def _like(one: Result) -> tuple[object, ...]:
    case = one.case
    return one.source, case.collective, one.algorithm, case.nodes, case.world_size, case.nbytes


def tables_of(results: Iterable[Result]) -> dict[Key, list[Result]]:
    """Return results by table: library, collective, algorithm, run and setting, nodes and ranks."""
    found = defaultdict[tuple[object, ...], list[Result]](list)
    for one in results:
        key = (one.source, one.case.collective, one.algorithm, one.context.get("setting"), one.case.nodes, one.case.world_size)
        found[key].append(one)
    return found


def scored(results: Iterable[Result], expected: Callable[[Result], Expected | str]) -> Scores:
    """Return the scores of one table's rows against what is expected of each."""
    found, two, one_node, watched = Score(), Score(), Score(), 0
    for one in results:
        band = expected(one)
        if isinstance(band, str):
            continue
        score = Score(1, int(one.time > band.bad), tuple(int(factor * one.time > band.bad) for factor in SLOWDOWNS))
        if one.case.nodes == 1:
            one_node += replace(score, hits=(0, 0, 0))
        elif one.case.nodes == 2 and one.algorithm == "default":
            two, watched = two + score, watched + int(SLOWDOWNS[0] * one.time > band.high)
        else:
            found += score
    return Scores(found, two, found.table, one_node, watched)


def said(name: str, score: Score) -> str:
    """Return a line of the table: how many, false alarms, hits per slowdown, per cent."""
    if not score.count:
        return f"{name:44} {'-':>6}"
    shares = "".join(f"{100 * hit / score.count:9.0f}" for hit in score.hits)
    return f"{name:44} {score.count:6} {100 * score.false / score.count:9.1f}{shares}"


def head(title: str, unit: str) -> None:
    """Print the heading of a table of scores."""
    print(f"\n{title}\n{'':44} {unit:>6} {'false %':>9}" + "".join(f"{'x ' + format(f, 'g') + ' %':>9}" for f in SLOWDOWNS))


def _several(scores: Iterable[Scores]) -> Scores:
    return sum(scores, Scores())


def hardware(paths: Sequence[Path], known: Mapping[str, Site]) -> Scores:
    """Print the scores by nominal hardware and return their sum."""
    head("By nominal hardware, rows of more than two nodes or a forced algorithm", "rows")
    total, slow = Scores(), Scores()
    for name, site, results in _alone(paths, known):
        nominal = site.nominal(max(2, *(one.case.nodes for one in results)))
        by = partial(_by_hardware, nominal)
        kept, left = split(results)
        own = _several(scored(table, by) for table in tables_of(kept).values())
        own = own if site.stated else Scores(one_node=own.rows + own.two_nodes + own.one_node)
        print(said(name, own.rows))
        total, slow = total + own, slow + scored(left, by)
    show(total, slow)
    return total


LIMITS = (1.25, 1.3, 1.35, 1.4, 1.5, BAD_FROM)
"""Measured / expected from which on a row would be bad: what a tighter band would find, and whom it would accuse."""
APART = ("nvlstree", "nvls_tree", "sharp")
"""Algorithms seen at one site only, which no other site's rows can set a band for."""


def limits(paths: Sequence[Path], known: Mapping[str, Site]) -> None:
    """Print false alarms, their sites and hits at 1.33 x of tighter bands for rows of several nodes by hardware."""
    found: list[tuple[str, float]] = []
    for name, site, results in _alone(paths, known):
        nominal = site.nominal(max(2, *(one.case.nodes for one in results)))
        for one in split(results)[0] if site.stated else ():
            band, alone = nominal.expected(one, one.algorithm), one.case.nodes == 2 and one.algorithm == "default"
            if not isinstance(band, str) and one.case.nodes > 1 and not alone and one.algorithm not in APART:
                found.append((name, one.time * BAD_FROM / band.bad))
    print(f"\nBy hardware with tighter bands, without {', '.join(APART)}: {len(found)} rows")
    for limit in LIMITS:
        wrong = [name for name, ratio in found if ratio > limit]
        hits = sum(SLOWDOWNS[1] * ratio > limit for _, ratio in found) / max(1, len(found))
        print(f"bad from {limit:<5} x 1.33: {100 * hits:3.0f} %   false alarms: {len(wrong):3} {' '.join(sorted(set(wrong)))}")


def _by_hardware(nominal: Nominal, one: Result) -> Expected | str:
    return nominal.expected(one, one.algorithm)


def sites(paths: Sequence[Path], title: str, floor_for: Callable[[Groups, Key], Floor | None]) -> Scores:
    """Print the scores by a site's other rows of the same setting and return their sum."""
    head(title, "rows")
    total, slow = Scores(), Scores()
    for path in (one for one in paths if one.suffix == ".csv"):
        kept, left = split([one for one in of_csv(path) if one.case.nodes > 1])
        groups, beside, own = tables_of(kept), tables_of(left), Scores()
        for key, table in groups.items():
            floor = floor_for(groups, key)
            if floor is not None:
                by = partial(_by_site, floor)
                own, slow = own + scored(table, by), slow + scored(beside.get(key, ()), by)
        print(said(path.stem, own.rows))
        total += own
    show(total, slow)
    return total


def _by_site(floor: Floor, one: Result) -> Expected | str:
    return floor.expected(one, one.algorithm, "site")


def others(groups: Groups, key: Key) -> Floor:
    """Return the floor of a site's other tables: other runs and other numbers of nodes, of the same setting."""
    label = groups[key][0].context.get("label")
    return floor_of(one for other, rows in groups.items() for one in rows if other != key and one.context.get("label") == label)


def fewer(groups: Groups, key: Key) -> Floor | None:
    """Return the floor of at most half the site's largest number of nodes, for tables of the largest; else None."""
    first = groups[key][0]
    most = max(rows[0].case.nodes for rows in groups.values() if rows[0].source == first.source)
    if first.case.nodes < most:
        return None
    label = first.context.get("label")
    return floor_of(o for rows in groups.values() for o in rows if 2 * o.case.nodes <= most and o.context.get("label") == label)


def show(total: Scores, slow: Scores) -> None:
    """Print the sums: rows, tables, two nodes with a free choice, one node, and what is slow as published."""
    print(said("all rows", total.rows))
    print(said("all tables (bad where half of the rows are)", total.tables))
    print(said("two nodes, free choice (apart)", total.two_nodes))
    if total.two_nodes.count:
        share = 100 * total.watched / total.two_nodes.count
        print(f"of two nodes, at least to be watched at x {SLOWDOWNS[0]:g}: {share:.0f} %")
    if total.one_node.count:
        print(f"one node, or NICs not stated: {total.one_node.count} rows, {total.one_node.false} bad as published")
    left = slow.rows + slow.two_nodes + slow.one_node
    print(f"slow as published, 1.5 x the median of their like, not scored: {left.count} rows, {left.false} bad")


def _alone(paths: Sequence[Path], known: Mapping[str, Site]) -> Iterator[tuple[str, Site, list[Result]]]:
    for path in paths:
        name = next((site for site in known if path.stem.startswith(site)), None)
        if path.suffix == ".json":
            yield from of_json(path)
        elif name:
            yield path.stem, known[name], list(of_csv(path))


def named(argument: str) -> tuple[str, Site]:
    """Return a site as it is given: NAME=DEVICES,NIC,CONSTANTS,SCALE_UP, such as `b200_x=8,400Gb/s,nccl:b200,nvswitch`."""
    name, _, said = argument.partition("=")
    per_node, nic, constants, scale_up = said.split(",")
    return name, Site(int(per_node), nic, constants or None, scale_up)


def main(arguments: Sequence[str]) -> None:
    """Print the hit and false-alarm tables of files and folders; arguments with `=` say what a site is."""
    known = dict(named(argument) for argument in arguments if "=" in argument)
    files = [Path(argument) for argument in arguments if "=" not in argument]
    paths = [path for given in files for path in (sorted(given.glob("*.csv")) if given.is_dir() else [given])]
    hardware(paths, known | SITES)
    limits(paths, known | SITES)
    sites(paths, "By the site's own other rows, of more than two nodes or a forced algorithm", others)
    sites(paths, "By the site's rows of at most half the nodes, carried over to the most", fewer)


if __name__ == "__main__":
    main(sys.argv[1:])
