"""Does `slow --method search` find slowed cables on a twin? Real ranks over real kernels, faults as rates of token buckets.

Every device of the fabric is one gloo rank in its host's network namespace; they run `fabricbench slow --topo FABRIC` as under
torchrun and are not told what is slowed. Groups of a round run at once. What is slow on a twin is always a cable: a host is
slowed by all of its own. The fabric between namespaces is one machine's kernel, so that links are slow (50 Mbit/s) and
the processor is not what is measured. Delay and loss are planted where the kernel has netem; the table has none.

    python -m benchmarks.slow_twin            # the table of docs/slow.md
    python -m benchmarks.slow_twin --cases 0  # one line of it
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.measure.launch.start import environment
from fabric.network.fabric import Fabric
from fabric.network.spec import load
from fabric.slow.tree import Tree, tree_of
from fabric.twin.bring_up import running
from fabric.twin.launch import FIRST_PORT, Starter, starter
from fabric.twin.plan import TwinPlan, plan_of
from fabric.twin.script import QUEUE, burst

RATE = 50e6
"""Bits per second of a host's link."""
SIZE, BLOCK, REPEATS = "256KiB", "0.1", "3"
LIMIT = 300.0
"""Seconds that a search may take."""
MODULES = ("fabric.cli.main", "fabric.cli.slow", "fabric.measure.backends.gloo", "torch.distributed", "scipy.sparse.csgraph")


@dataclass(frozen=True)
class Case:
    """A fabric, and by how much which cables are slower.

    faults: `host N` (all of its own), `rail N R`, `out GROUP` (one cable), `between A B` (those of two groups' own).
    netem: what else befalls what a host sends, by the host: `delay 5ms`, `loss 1%`.
    """

    topo: str
    faults: Mapping[str, float]
    netem: Mapping[int, str] = field(default_factory=dict)


EIGHT = "leaf_spine:leaves=2,spines=4,hosts_per_leaf=4"
SIXTEEN = "leaf_spine:leaves=4,spines=4,hosts_per_leaf=4"
RAILS = "rail_optimized:nodes=8,rails=2,radix=8,scale_up=none"
MESH = "full_mesh:dims=4,hosts=2"
GRID = "hyperx:dims=4x2,hosts=1"
NINE = "rail_optimized:nodes=9,rails=2,radix=6,scale_up=none"
CASES = (
    Case(EIGHT, {}),
    Case(EIGHT, {"host 5": 2.0}),
    Case(EIGHT, {"host 1": 3.0, "host 6": 2.0}),
    Case(EIGHT, {"out 0": 4.0}),
    Case(EIGHT, {"host 2": 1.5, "host 7": 2.0, "out 1": 4.0}),
    Case(SIXTEEN, {}),
    Case(SIXTEEN, {"host 3": 2.0, "host 9": 1.5, "out 3": 4.0}),
    Case(RAILS, {}),
    Case(RAILS, {"rail 2 1": 3.0, "host 6": 2.0}),
    Case(RAILS, {"rail 5 0": 2.0, "host 3": 1.5, "out 0": 4.0}),
    Case(NINE, {}),
    Case(NINE, {"rail 2 1": 3.0, "host 6": 2.0}),
    Case(NINE, {"out 1": 4.0}),
    Case(NINE, {"rail 8 0": 1.5, "host 0": 2.0, "out 1": 4.0}),
    Case(MESH, {}),
    Case(MESH, {"between 1 3": 3.0}),
    Case(MESH, {"between 0 2": 2.0, "host 5": 3.0}),
    Case(GRID, {}),
    Case(GRID, {"between 0 2": 3.0}),
)


def slowed(fabric: Fabric, tree: Tree, faults: Mapping[str, float]) -> tuple[Fabric, set[int]]:
    """Return the fabric with slower cables and the suspects that a search must name."""
    topology = fabric.topology
    slower, named = dict(fabric.degraded), set[int]()
    for text, factor in faults.items():
        what, number, *rail = text.split()
        if what == "between":
            pair = tree.pair(0, int(number), int(rail[0]))
            assert pair is not None  # a case of this file
            cables = tree.pairs.leads[pair - tree.first_pair].tolist()
            named.add(pair)
        elif what == "out":
            at = tree.layers[0]
            inside = {d for n, g in enumerate(at.group) if g == int(number) for d in tree.devices[n]}
            up = {v for low, v in topology.ends.tolist() if low in inside}
            cables = [c for c, (low, _) in enumerate(topology.ends.tolist()) if low in up][:1]
            named.add(tree.boundary(0, int(number)))
        else:
            own = tree.devices[int(number)]
            devices = {own[int(rail[0])]} if rail else {*own}
            cables = [c for c, (low, _) in enumerate(topology.ends.tolist()) if low in devices]
            named.add(int(number))
        slower |= {c: float(fabric.link_speed[2 * c]) / factor for c in cables}
    return replace(fabric, degraded=slower), named


def disturbed(plan: TwinPlan, netem: Mapping[int, str]) -> str:
    """Return the shell script that delays or loses what these hosts send, before their links' own rates."""
    lines = []
    for host, what in netem.items():
        box = plan.host_of(plan.fabric.topology.node.tolist().index(host))
        for end in (wire.lower for wire in plan.wires if wire.lower.box == box):
            out = f"tc -n {box} qdisc add dev {end.interface}"
            tbf = f"tbf rate {end.rate}bit burst {burst(end.rate)} limit {QUEUE}"
            lines += [f"tc -n {box} qdisc del dev {end.interface} root", f"{out} root handle 1: netem limit 100000 {what}"]
            lines += [f"{out} parent 1:1 handle 2: {tbf}"]
    return "\n".join(lines)


def searched(case: Case, *, size: str = SIZE, block: str = BLOCK, repeats: str = REPEATS) -> tuple[dict[str, Any], set[int]]:
    """Return the report of a search on a twin of the case, and the suspects that it must name.

    Raises:
        EnvironmentFault: no namespaces can be made here, the kernel has no netem where it is asked for, or a rank failed.
    """
    healthy = load(case.topo)
    fabric, named = slowed(healthy, tree_of(healthy), case.faults)
    plan = plan_of(fabric, RATE)
    words = ["--routing", plan.routing, "--size", size, "--block", block, "--repeats", repeats, "--batch", "64"]
    arguments = ["slow", "--backend", "gloo", "--topo", case.topo, *words]
    with running(plan) as (holder, _), ExitStack() as ends:
        holder.run(disturbed(plan, case.netem), "netem")
        made = ends.enter_context(starter(holder, plan, MODULES, "fabric.cli.main:main"))
        inside, outside = made.new_folder()
        made.start(_ranks(plan, arguments, inside))
        return _report(made, outside, plan.fabric.topology.devices), named | {*case.netem}


def _ranks(plan: TwinPlan, arguments: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """Return one rank a device, with torchrun's variables."""
    devices = plan.fabric.topology.devices
    shared = {
        **environment(), "TMPDIR": str(folder), "WORLD_SIZE": str(devices), "LOCAL_WORLD_SIZE": "1", "LOCAL_RANK": "0",
        "MASTER_ADDR": plan.address_of(0), "MASTER_PORT": str(FIRST_PORT),
    }  # fmt: skip
    return [
        {
            "namespace": plan.host_of(device),
            "arguments": [*arguments, "--report", str(folder / "report.json")],
            "environment": {**shared, "RANK": str(device), "GLOO_SOCKET_IFNAME": plan.interface_of(device)},
            "log": str(folder / f"{device}.log"),
        }
        for device in range(devices)
    ]


def _report(made: Starter, folder: Path, ranks: int) -> dict[str, Any]:
    """Return what rank 0 reports once all ranks have ended."""
    end = monotonic() + LIMIT
    while len(made.ask(do="look")["exits"]) < ranks and monotonic() < end:
        sleep(0.1)
    if not (file := folder / "report.json").exists():
        said = [line for r in range(ranks) for line in (folder / f"{r}.log").read_text(errors="replace").splitlines()[-2:]]
        raise EnvironmentFault(f"twin: no report within {LIMIT:g} s; the ranks say: {' / '.join(said[:4])}")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def line(case: Case) -> str:
    """Return a case's row of the table."""
    start = monotonic()
    found, wanted = searched(case)
    named = set(found["slow"])
    context = found["context"]
    said = "; ".join(_words(row) for row in found["rows"] if row["state"] == "slow") or "nobody"
    faults = ", ".join(f"{text}: {factor:g}x" for text, factor in case.faults.items()) or "none"
    cells = (
        f"`{case.topo}`", faults, f"{len(named & wanted)} of {len(wanted)}", len(named - wanted), said,
        sum(row["state"] == "open" for row in found["rows"]), context["tests"], context["rounds"],
        f"{100 * context['noise']:.1f} %", f"{monotonic() - start:.0f} s",
    )  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def _words(row: Mapping[str, Any]) -> str:
    parts = f" {' '.join(map(str, row['parts']))}" if row["parts"] else ""
    return f"{row['kind']}{parts} {row['name'].replace('|', 'to')} {row['factor']:.2f}x"


HEAD = "| fabric | slower | found | falsely | named | open | tests | rounds | noise of a test | in all |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, nargs="*", default=range(len(CASES)))
    asked = parser.parse_args()
    print(HEAD)
    print("|" + "---|" * (HEAD.count("|") - 1))
    for number in asked.cases:
        print(line(CASES[number]), flush=True)


if __name__ == "__main__":
    main()
