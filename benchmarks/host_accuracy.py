"""How well a node's own copies and additions predict MPI that a site has no rows of, beside the wire alone.

    python -m benchmarks.host_accuracy ../shared/data/scale --calibrate 8

Of every file with MPI from host buffers, one rank a node, and a known wire: rates are fitted to the rows of up to N nodes
(host_fit.py), of each collective and algorithm in turn by the rows of the others alone, and score its rows of more nodes, one
run each, from 1 MiB on, where its name is one of ours. Silent: those among them that no law answers, for the site has no row
of that algorithm on fewer nodes. The wire alone is what predictions were before constants had these rates.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import geometric_mean, median

import numpy as np

from benchmarks.scale_accuracy import DEFAULT_NODES, files_of, read, taken
from fabric.network.fabric import Fabric
from fabric.network.spec import from_short_form
from fabric.predict.answer import predict
from fabric.predict.constants import Constants
from fabric.predict.host import HostRates
from fabric.predict.host_fit import FROM, host_rates, named
from fabric.records.result import Result
from fabric.units import show_size

WIRES = {"leonardo": "200Gb/s", "lumi": "200Gb/s", "fugaku": "6.8GB/s"}
"""What the name of a file begins with -> what one of a node's NICs, or Tofu D's links, takes one way."""
TORUS = {8: "2x2x2", 64: "4x4x4"}
"""Nodes of Fugaku's rows -> their torus, as the rows' shape says."""
BANDS = ((FROM, 16 << 20), (16 << 20, 256 << 20), (256 << 20, 1 << 40))
MPIS = {"OMPI": "mpi:openmpi", "customOMPI": "mpi:openmpi", "CRAY_MPICH": "mpi:mpich"}


@dataclass(frozen=True)
class Scored:
    """A row with its time over that of the wire alone, and over that with the rates. silent: no law answers it."""

    result: Result
    wire: float
    host: float
    covered: bool
    silent: bool


def fabric_of(site: str, nodes: int) -> Fabric | None:
    """Return a site's fabric of so many nodes, None where its wire is not known."""
    wire = next((wire for name, wire in WIRES.items() if site.startswith(name)), None)
    if wire is None or (site.startswith("fugaku") and nodes not in TORUS):
        return None
    text = f"torus:dims={TORUS[nodes]}" if site.startswith("fugaku") else f"rail_only:nodes={nodes},rails=1"
    return from_short_form(f"{text},speed={wire}")


def backend_of(one: Result) -> str:
    """Return the MPI whose defaults a row's `default` is, "mpi:other" where they are not known."""
    return MPIS.get(str(one.context["library"]).split()[0], "mpi:other")


def scored(path: Path, nodes: int) -> Iterator[Scored]:
    """Yield the score of every row of a file that one of our algorithms stands for."""
    groups = defaultdict[str, list[Result]](list)
    for one in read(path):
        if one.case.ranks_per_node == 1 and one.case.nbytes >= FROM and one.context["setting"] == "gpu_buffers=no":
            groups[str(one.context["library"])].append(one)
    for rows in groups.values():
        few, many = ([one for one in rows if (one.case.nodes <= nodes) is known] for known in (True, False))
        for key in sorted({(one.case.collective, one.algorithm) for one in many}):
            own = [one for one in few if (one.case.collective, one.algorithm) != key]
            fitting = fabric_of(path.stem, max((one.case.nodes for one in own), default=0))
            if fitting is not None:
                host = host_rates(own, fitting, backend_of(many[0]))
                silent = len(own) == len(few)
                beyond = [one for one in many if (one.case.collective, one.algorithm) == key]
                yield from (found for one in beyond if host and (found := _score(one, path.stem, host, silent=silent)))


def _score(one: Result, site: str, host: HostRates, *, silent: bool) -> Scored | None:
    text, fabric = named(one.case, one.algorithm, backend_of(one)), fabric_of(site, one.case.nodes)
    if text is None or fabric is None:
        return None
    plain = Constants("wire", {}, "", backend="mpi:other")
    wire, hosted = (
        predict([one.case], fabric, constants, algorithm=text)[0] for constants in (plain, replace(plain, host=host))
    )
    low, high = hosted.model.interval or (0.0, 0.0)
    return Scored(one, one.time / wire.time, one.time / hosted.time, low <= one.time <= high, silent)


def line(name: str, rows: Sequence[Scored]) -> str:
    """Return a line: rows, then median and P90 of |measured / predicted - 1| and geometric mean, of both; coverage."""
    said = ""
    for ratios in ([one.wire for one in rows], [one.host for one in rows]):
        errors = [100 * abs(ratio - 1) for ratio in ratios]
        said += f"{median(errors):9.0f}{float(np.quantile(errors, 0.9)):8.0f}{geometric_mean(ratios):8.2f}"
    return f"{name:28}{len(rows):6}{said}{100 * sum(one.covered for one in rows) / len(rows):8.0f}"


def tables(site: str, rows: Sequence[Scored]) -> Iterator[str]:
    """Yield a site's lines: all rows, those that laws are silent on, and by size."""
    yield line(site, rows)
    silent = [one for one in rows if one.silent]
    if silent:
        yield line("  no law answers", silent)
    for least, most in BANDS:
        own = [one for one in rows if least <= one.result.case.nbytes < most]
        if own:
            yield line(f"  from {show_size(least)}", own)


def main(arguments: Sequence[str]) -> None:
    """Print what MPI without rows of its own is predicted with, before and after the rates, by site."""
    given = list(arguments)
    nodes = int(taken(given, "--calibrate") or DEFAULT_NODES)
    print(f"{'':34}{'wire: median %':>9}{'P90 %':>8}{'m/p':>8}{'host %':>9}{'P90 %':>8}{'m/p':>8}{'in %':>8}")
    for path in files_of(given):
        rows = list(scored(path, nodes))
        for text in tables(path.stem, rows) if rows else ():
            print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
