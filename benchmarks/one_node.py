"""How near one node's rates come to every published table of one node, or of one NVLink domain, by range of sizes.

    python -m benchmarks.one_node ../shared/data/published_busbw.json ../shared/data/scale

Nothing is fitted: NCCL's model with the constants of the GPU's generation; for a GPU whose library has no model here, the rate
of the wire, and so it says. Out of place. It does not say what is wrong with a table (fabric/predict/published.py does).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks.judge_accuracy import of_csv
from benchmarks.published import Floats, case_of, uncalibrated
from benchmarks.published_fits import Law
from fabric.collectives.algorithms import ALGORITHMS
from fabric.network.spec import load as fabric_of
from fabric.predict.answer import predict
from fabric.predict.constants import NONE
from fabric.predict.libraries.rccl import PER_LINK
from fabric.predict.of_node import constants_on
from fabric.predict.published import Published, load, screen
from fabric.records.result import Result

LEAST, MOST = 8, 16 * 2**30
RANGES = (("8 B-64 KiB", LEAST, 2**16), ("128 KiB-64 MiB", 2**17, 2**26), ("128 MiB-16 GiB", 2**27, MOST))
"""What it is called, smallest and largest bytes."""
WIRES: Mapping[str, tuple[str, str, str]] = {
    "MI325X": (
        f"star:devices=8,devices_per_node=8,scale_up=full_mesh,scale_up_speed={7 * PER_LINK['cdna3'] / 1e9:g}GB/s",
        "full_mesh",
        "RCCL's links",
    ),
    "RTX 4090": ("8x4090-dual-root:nodes=2", "ring", "wire, ring"),
}
"""GPU without a model -> the fabric whose first node it is, an algorithm that uses all its links, whose speeds these are."""

SITES: Mapping[str, tuple[str, str]] = {"alps": ("alps-gh200:nodes=2", "GH200"), "b200_site1": ("dgx-b200:nodes=2", "B200")}
"""Site of a folder of runs with rows of one node -> the fabric whose first node it is, its GPU."""
FORCED = ("ring", "nvls")
"""Settings that force an algorithm, where the collective has it here; else the library's own choice is taken."""


def one_domain(tables: list[Published]) -> Iterator[Published]:
    """Yield the tables whose ranks all stand in one NVLink domain or node."""
    yield from (table for table in tables if case_of(table, LEAST).nodes == 1)


def law_of(table: Published) -> tuple[Law | None, str]:
    """Return seconds by sizes, and what they are; None and why where nothing here says them."""
    if law := uncalibrated(table):
        return law, "NCCL's model"
    if known := WIRES.get(str(table.facts["gpu"])):
        return wire(table, *known[:2]), known[2]
    return None, f"nothing known of {table.facts['gpu']}"


def wire(table: Published, topo: str, algorithm: str) -> Law:
    """Return the seconds of an algorithm on the first node of a fabric, without a library's constants."""
    fabric = fabric_of(topo)

    def law(sizes: Floats) -> Floats:
        found = predict([case_of(table, size) for size in sizes], fabric, NONE, algorithm=algorithm, fidelity="loaded")
        return np.array([one.time for one in found])

    return law


def told(law: Law, sizes: Floats, seconds: Floats) -> Iterator[str]:
    """Yield median and worst of predicted / measured seconds - 1 of every range, in per cent; a dash where it has no rows."""
    for _, least, most in RANGES:
        own = (sizes >= least) & (sizes <= most)
        if not own.any():
            yield f"{'-':>20}"
            continue
        error = 100 * (law(sizes[own]) / seconds[own] - 1)
        yield f"{np.median(error):+7.1f} /{error[np.argmax(np.abs(error))]:+7.1f} ({own.sum():2})"


def runs_of_one_node(folder: Path) -> Iterator[tuple[str, str, list[Result]]]:
    """Yield site, setting and results of one node of every CSV; settings that only name NICs count as the default."""
    for path in sorted(folder.glob("*.csv")):
        found = defaultdict(list)
        for one in of_csv(path):
            site, label = str(one.context["file"]), str(one.context["label"]).partition(";")[0]
            if one.case.nodes == 1 and site in SITES and (label == "default" or label in FORCED):
                found[site, f"{one.case.collective} {label}"].append(one)
        yield from ((site, setting, own) for (site, setting), own in found.items())


def by_size(results: list[Result]) -> tuple[Law, Floats, Floats]:
    """Return the model's seconds on the site's node, the sizes measured and the median seconds of each."""
    site, label, collective = *(str(results[0].context[key]) for key in ("file", "label")), results[0].case.collective
    algorithm = label if label in FORCED and label in ALGORITHMS[collective] else "default"
    fabric = fabric_of(SITES[site][0])
    times = defaultdict(list)
    for one in results:
        times[one.case].append(one.time)
    cases = {case.nbytes: case for case in times}
    constants = constants_on(fabric, [collective])

    def law(sizes: Floats) -> Floats:
        asked = [cases[int(size)] for size in sizes]
        found = predict(asked, fabric, constants, algorithm=algorithm, fidelity="loaded")
        return np.array([one.time for one in found])

    sizes = sorted(cases)
    return law, np.array(sizes), np.array([np.median(times[cases[size]]) for size in sizes])


def main(path: Path, folder: Path | None) -> None:
    """Print a line per table or setting: predicted over measured time - 1, median / worst (rows) of each range."""
    print("predicted / measured time - 1, per cent: median / worst (rows)")
    print(f"{'table':30} {'GPU':14} {'ranks':>5} {'by':15} " + " ".join(f"{name:>20}" for name, *_ in RANGES))
    for table in one_domain(load(path)):
        law, by = law_of(table)
        head = f"{table.name:30} {str(table.facts['gpu'])[:14]:14} {table.ranks:5} {by:15} "
        print(head + (" ".join(told(law, table.sizes, table.seconds)) if law else ""))
        for line in screen(table):
            print(f"  screened: {line}")
    for site, setting, results in runs_of_one_node(folder) if folder else ():
        by = "NCCL's model"
        head = f"{site + ' ' + setting:30} {SITES[site][1]:14} {results[0].case.world_size:5} {by:15} "
        print(head + " ".join(told(*by_size(results))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
