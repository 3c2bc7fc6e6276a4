"""How often `judge` finds a slowdown, and how often it cries wolf: hits and false alarms over tables of healthy sites.

    python -m benchmarks.judge_accuracy ../shared/data/scale ../shared/data/published_busbw.json

Files are CSV of one schema (site, run, library, collective, algorithm, setting, nodes, ranks, bytes, time_us ...) or JSON of
published tables. Slowdowns of 2, 1.33 and 1.14 are put on rows that follow the NICs (several nodes, S/p >= 4 MiB, S >= 256 MiB).
By hardware every table is judged alone, on the fabric that its site is known to have; by site every table (run, setting, number
of nodes) is judged against the floor of the site's other ones. Scores are of rows, and of tables: found where a row is bad.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fabric.collectives.catalog import COLLECTIVES
from fabric.judge.floor import floor_of
from fabric.judge.judge import judge
from fabric.judge.judgement import BAD, UNKNOWN, WATCH
from fabric.judge.nominal import Nominal, nominal_of
from fabric.judge.table import is_large
from fabric.network.spec import from_short_form
from fabric.predict.constants import NONE, constants_of
from fabric.records.case import Case
from fabric.records.result import Result

SLOWDOWNS = (2.0, 1.33, 1.14)
FOREIGN = {"sendrecv": "send_recv", "alltoall": "all_to_all"}


@dataclass(frozen=True)
class Site:
    """What is known of a site: devices per node, NIC per device, NVSwitch or not, NCCL's hardware; None: not known."""

    per_node: int
    nic: str
    constants: str | None
    scale_up: str = "nvswitch"

    def nominal(self, nodes: int) -> Nominal:
        """Return the nominal hardware of so many nodes."""
        inside = f",scale_up={self.scale_up}" if self.per_node > 1 else ""
        fabric = from_short_form(f"rail_only:nodes={nodes},rails={self.per_node},speed={self.nic}{inside}")
        return nominal_of(fabric, constants_of(self.constants) if self.constants else NONE)


SITES = {
    "alps": Site(4, "200Gb/s", "nccl:h100", "full_mesh"),
    "mare_nostrum": Site(4, "200Gb/s", "nccl:h100", "full_mesh"),
    "b200_site1": Site(8, "400Gb/s", "nccl:b200"),
}
"""Site of a CSV -> its nodes; four GH200 or H100 on one board are joined without a switch. MPI has no law from hardware."""
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


def of_csv(path: Path) -> Iterator[Result]:
    """Yield the results of a CSV file of the schema; rows that no case can hold are left out."""
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            collective, ranks, nodes = FOREIGN.get(row["collective"], row["collective"]), int(row["ranks"]), int(row["nodes"])
            seconds = float(row["time_us"] or 0) * 1e-6
            if collective not in COLLECTIVES or ranks < 2 or seconds <= 0 or ranks % nodes:
                continue
            tool = "nccl-tests" if row["library"].startswith("nccl") and "socket" not in row["setting"] else "osu"
            case = Case(collective, int(row["bytes"]), ranks, nodes, ranks // nodes, in_place=False)
            context = {"file": row["site"], "setting": f"{row['run']} {row['setting']}"}
            yield Result(case, f"import:{tool}", (seconds,), row["algorithm"], "mean", context=context)


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
    return Site(per_node, f"{rate}Gb/s", GPUS.get(gpu), "nvl72" if switched else "nvswitch")


def _published(table: dict[str, object]) -> Iterator[Result]:
    algorithm = "ring" if str(table["algorithm"]).startswith("Ring") else "default"
    ranks, nodes = int(str(table["n_ranks"])), int(str(table["nodes"]))
    for row in table["rows"]:  # type: ignore[attr-defined]
        for place, key in ((False, "time_us"), (True, "ip_time_us")):
            if row.get(key):
                case = Case(str(table["collective"]), row["size"], ranks, nodes, -(-ranks // nodes), in_place=place)
                yield Result(case, "import:nccl-tests", (row[key] * 1e-6,), algorithm, "mean", context={"file": table["id"]})


def slowed(results: Iterable[Result], factor: float) -> list[Result]:
    """Return the results with the time of those that follow the NICs multiplied."""
    return [
        replace(one, seconds=tuple(factor * s for s in one.seconds)) if one.case.nodes > 1 and is_large(one) else one
        for one in results
    ]


def tables_of(results: Iterable[Result]) -> dict[tuple[object, ...], list[Result]]:
    """Return results by table: library, collective, algorithm, run and setting, nodes and ranks."""
    found = defaultdict[tuple[object, ...], list[Result]](list)
    for one in results:
        key = (one.source, one.case.collective, one.algorithm, one.context.get("setting"), one.case.nodes, one.case.world_size)
        found[key].append(one)
    return found


def by_hardware(results: Sequence[Result], nominal: Nominal) -> tuple[Score, Score, int]:
    """Return the scores of one table's rows and of the table by nominal hardware, and how many rows are to be watched."""

    def bad(factor: float) -> tuple[int, int, int]:
        rows = [row for row in judge(slowed(results, factor), nominal).judgements if row.result.case.nodes > 1 or factor == 1]
        found = [row for row in rows if row.verdict != UNKNOWN]
        return len(found), sum(row.verdict == BAD for row in found), sum(row.verdict == WATCH for row in found)

    judged, false, watched = bad(1.0)
    several = [one for one in results if one.case.nodes > 1]
    hits = tuple(bad(factor)[1] if several else 0 for factor in SLOWDOWNS)
    if not judged:
        return Score(), Score(), 0
    if not several:
        return Score(), Score(0, int(false > 0)), watched
    return Score(judged, false, hits), Score(1, int(false > 0), tuple(int(hit > 0) for hit in hits)), watched


def by_site(results: Sequence[Result], others: Sequence[Result]) -> tuple[Score, Score]:
    """Return the scores of one table's rows and of the table by the floor of the site's other rows."""
    floor, rows = floor_of(others), Score()
    for one in results:
        if one.case.nodes < 2 or not is_large(one):
            continue
        expected = floor.expected(one, one.algorithm)
        if not isinstance(expected, str):
            beyond = tuple(int(factor * one.time > expected.bad) for factor in SLOWDOWNS)
            rows += Score(1, int(one.time > expected.bad), beyond)
    # A table is found where half of its rows or more are.
    half = tuple(int(2 * hit >= rows.count) for hit in rows.hits)
    return rows, Score(1, int(2 * rows.false >= rows.count), half) if rows.count else Score()


def said(name: str, score: Score) -> str:
    """Return a line of the table: how many, false alarms, hits per slowdown, per cent."""
    if not score.count:
        return f"{name:44} {'-':>6}"
    shares = "".join(f"{100 * hit / score.count:9.0f}" for hit in score.hits)
    return f"{name:44} {score.count:6} {100 * score.false / score.count:9.1f}{shares}"


def head(title: str, unit: str) -> None:
    """Print the heading of a table of scores."""
    print(f"\n{title}\n{'':44} {unit:>6} {'false %':>9}" + "".join(f"{'x ' + format(f, 'g') + ' %':>9}" for f in SLOWDOWNS))


def hardware(paths: Sequence[Path]) -> tuple[int, int]:
    """Print the scores by nominal hardware, every table alone; return the false alarms and the tables slowed 2 x but missed."""
    head("By nominal hardware, rows", "rows")
    rows, tables = Score(), Score()
    for name, site, results in _alone(paths):
        nominal = site.nominal(max(2, *(one.case.nodes for one in results)))
        parts = [by_hardware(own, nominal) for own in tables_of(results).values()]
        own = sum((part[0] for part in parts), Score())
        print(said(name, own) + f"{'':4}{sum(part[2] for part in parts)} to watch")
        rows, tables = rows + own, tables + sum((part[1] for part in parts), Score())
    print(said("all rows", rows) + "\n" + said("all tables (a row is bad)", tables))
    return rows.false + tables.false, tables.count - tables.hits[0]


def _alone(paths: Sequence[Path]) -> Iterator[tuple[str, Site, list[Result]]]:
    for path in paths:
        if path.suffix == ".json":
            yield from of_json(path)
        elif path.stem.split("_gh200")[0] in SITES:
            yield path.stem, SITES[path.stem.split("_gh200")[0]], list(of_csv(path))


def sites(paths: Sequence[Path]) -> None:
    """Print the scores by site: every table against the floor of the site's other ones."""
    head("By the site's own other rows, rows of several nodes", "rows")
    rows, tables = Score(), Score()
    for path in (one for one in paths if one.suffix == ".csv"):
        groups = tables_of(of_csv(path))
        parts = [by_site(own, [r for k, rs in groups.items() if k != key for r in rs]) for key, own in groups.items()]
        own = sum((part[0] for part in parts), Score())
        print(said(path.stem, own))
        rows, tables = rows + own, tables + sum((part[1] for part in parts), Score())
    print(said("all rows", rows) + "\n" + said("all tables (half of the rows are bad)", tables))


def main(arguments: Sequence[str]) -> None:
    """Print the hit and false-alarm tables of files and folders."""
    paths = [p for a in arguments for p in (sorted(Path(a).glob("*.csv")) if Path(a).is_dir() else [Path(a)])]
    hardware(paths)
    sites(paths)


if __name__ == "__main__":
    main(sys.argv[1:])
