"""What packing, backfill, contention-awareness and the fabric are worth on real traces: the studies of docs/fleet.md.

    python -m benchmarks.fleet_studies ../shared/data STUDY [--seeds N] [-o results/fleet]

STUDY: philly, rails, locality, lingjun, openb, openb-time or half-idle.

Philly: the whole trace in stretches of 10 days on leaves of 10 nodes, fleets sized for loads of 0.6, 0.8 and 0.95, uplinks 1:1
and 4:1. Rails: the same on rail-optimised fabrics, 1:1, ten nodes below every eight leaves. Lingjun: the real ragged Clos of
847 hosts under a synthetic training mix. openb: its own nodes, filled beyond what they hold (benchmarks/openb_fill.py),
devices that stay unallocated. openb-time: pods drawn from it come and go on a quarter of its nodes (benchmarks/openb_time.py),
at loads of 0.8, 0.95 and 1.1.
Half-idle: docs/examples/fleet/half-idle.yaml. Results only; no trace is copied.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any

from benchmarks.openb_time import DAY_S, draw, smallest_first, topo, touched, written
from benchmarks.openb_time import summary as over_time
from fabric.answers.fleet_tables import clock
from fabric.fleet.fleet_file import FleetFile, load, parse
from fabric.fleet.links import BOTH_ENDS
from fabric.fleet.study import Cell, Setting, cells, paired, run_all, settings
from fabric.fleet.traces.catalog import read_trace
from fabric.fleet.traces.openb import pools as openb_pools

POLICIES = ("fifo+scattered", "fifo+tree", "easy+scattered", "easy+tree", "easy+aware")
"""Five: what packing is worth without and with backfill, what backfill is worth, what contention-awareness adds."""
PAIRS = {
    "packing (tree over scattered, both with backfill)": ("easy+scattered", "easy+tree"),
    "packing (both without backfill)": ("fifo+scattered", "fifo+tree"),
    "backfill (EASY over FIFO, both packed)": ("fifo+tree", "easy+tree"),
    "contention-awareness (over packing, both with backfill)": ("easy+tree", "easy+aware"),
}
OVER_TIME = ("fifo+scattered", "fifo+tree", "easy+scattered", "easy+tree", "easy+fgd")
"""Five of pods that each lie on one node, so that no link is loaded: fgd in place of contention-awareness."""
WITH_FGD = {**PAIRS, "fgd (over packing, both with backfill)": ("easy+tree", "easy+fgd")}
QUARTER, HOURS, WARM_UP_HOURS = 4, 6, 1.5
"""Of openb over time: one in so many nodes of each kind, how long a run is, how much of it is not summed."""
NODES = {0.6: 80, 0.8: 60, 0.95: 50}
"""Load -> nodes of 8 on which Philly is about that load; the replay is stretched by some per cent to be exactly it."""
ATTRIBUTION = {
    "philly": "Philly trace, Jeon et al., USENIX ATC 2019, msr-fiddle/philly-traces, CC-BY-4.0",
    "rails": "Philly trace, Jeon et al., USENIX ATC 2019, msr-fiddle/philly-traces, CC-BY-4.0",
    "locality": "Philly trace, Jeon et al., USENIX ATC 2019, msr-fiddle/philly-traces, CC-BY-4.0",
    "lingjun": "Lingjun 2023 topology, alibaba/alibaba-lingjun-dataset-2023, Apache-2.0; jobs are synthetic",
    "openb": "openb trace, Weng et al., USENIX ATC 2023, hkust-adsl/kubernetes-scheduler-simulator, Apache-2.0",
    "openb-time": "openb trace, Weng et al., USENIX ATC 2023, hkust-adsl/kubernetes-scheduler-simulator, Apache-2.0",
    "half-idle": "published figures of July 2025 (docs/fleet.md); jobs are synthetic",
}


def philly(folder: Path, seeds: int, journal: Path) -> dict[str, Any]:
    """Return the study of the Philly trace."""
    rows, worth = [], []
    for wanted, nodes in NODES.items():
        asked = _philly(folder, wanted, seeds)
        found = _studied(asked, journal, (1.0, 4.0))
        rows += [{"load": wanted, "nodes": nodes, **row} for row in _rows(found)]
        worth += [{"load": wanted, **row} for row in _worth(found)]
    return {"rows": rows, "worth": worth}


def rails(folder: Path, seeds: int, journal: Path) -> dict[str, Any]:
    """Return the study of the Philly trace on rail-optimised fabrics, whose leaves pass on all that they take in."""
    rows, worth = [], []
    for wanted, nodes in NODES.items():
        asked = _philly(folder, wanted, seeds, f"rail_optimized:nodes={nodes},rails=8,radix=20")
        found = _studied(asked, journal, (None,))
        rows += [{"load": wanted, "nodes": nodes, **row} for row in _rows(found)]
        worth += [{"load": wanted, **row} for row in _worth(found)]
    return {"rows": rows, "worth": worth}


def locality(folder: Path, seeds: int, journal: Path) -> dict[str, Any]:
    """Return how long Philly's jobs wait where a job must fit into one leaf, beside where it need not."""
    rows = []
    for wanted in (0.8, 0.95):
        asked = _philly(folder, wanted, seeds)
        chosen = settings(asked, ("fifo+tree", "fifo+required", "easy+tree", "easy+required"), [None])
        for cell in cells(run_all(asked, chosen, journal=journal, workers=1)):
            for size in ("all", "9-64"):
                waits = {key: _plain(cell.waits(size, key)) for key in ("wait_median", "wait_p95")}
                rows.append({"load": wanted, "policy": cell.setting.policy, "devices": size, **waits})
    return {"waits": rows}


def _philly(folder: Path, wanted: float, seeds: int, topo: str = "") -> FleetFile:
    nodes = NODES[wanted]
    topo = topo or f"leaf_spine:leaves={nodes // 10},spines=5,hosts_per_leaf=80,uplinks=80,devices_per_node=8"
    jobs = {"trace": str(folder / "traces" / "philly_jobs_82247.csv.gz"), "format": "philly", "load": wanted, "days": 10}
    jobs["communication"] = 0.2  # stated: the trace does not say
    return parse({"name": f"Philly on {nodes} nodes", "topo": topo, "jobs": jobs, "seeds": seeds, "warm_up": 1})


def lingjun(folder: Path, seeds: int, journal: Path) -> dict[str, Any]:
    """Return the study of a training-heavy mix on the Lingjun Clos: 1:1 (its file has no cable counts) and 4:1."""
    jobs = {"synthetic": "training", "load": 0.9, "days": 10}
    topo = str(folder / "lingjun2023_topo.csv")
    asked = parse({"name": "Lingjun 2023", "topo": topo, "ratio": 1, "devices": 8, "jobs": jobs, "seeds": seeds, "warm_up": 2})
    found = _studied(asked, journal, (1.0, 4.0))
    return {"rows": _rows(found), "worth": _worth(found)}


def half_idle(_folder: Path, seeds: int, journal: Path) -> dict[str, Any]:
    """Return the half-idle centre under both ends of the link model."""
    asked = load(Path(__file__).parent.parent / "docs" / "examples" / "fleet" / "half-idle.yaml")
    found = _studied(asked.model_copy(update={"seeds": seeds}), journal, (None,))
    return {"rows": _rows(found), "worth": _worth(found)}


def _studied(asked: FleetFile, journal: Path, ratios: Sequence[float | None]) -> list[Cell]:
    wanted = settings(asked, POLICIES, BOTH_ENDS, ratios=ratios)
    journal.parent.mkdir(parents=True, exist_ok=True)
    return cells(run_all(asked, wanted, journal=journal, workers=1))


def _rows(found: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return every setting's waterfall, waits and names, with intervals over seeds."""
    steps = ("off", "down", "idle", "blocked", "slowed_by_placement", "slowed_by_contention", "lost_to_restarts", "effective")
    return [
        {
            **_setting(cell),
            "share": {step: asdict(cell.share(step)) for step in steps},
            "wait_p95_seconds": _plain(cell.waits("all", "wait_p95")),
            "wait_median_seconds": _plain(cell.waits("all", "wait_median")),
            "slowdown_p95": _plain(cell.waits("all", "slowdown_p95")),
            "gfr": _plain(cell.figure("gfr")),
            "jtted_p95": _plain(cell.figure("jtted_p95")),
            "load": cell.runs[0].figures["load"],
            "jobs": cell.runs[0].figures["jobs"],
        }
        for cell in found
    ]


def _worth(found: Sequence[Cell], pairs: Mapping[str, tuple[str, str]] = PAIRS) -> list[dict[str, Any]]:
    """Return what each pair of policies, and 1:1 over 4:1, is worth: points of installed device-hours, paired by seed."""
    by = {cell.setting.cell: cell for cell in found}
    rows = []
    for cell in found:
        own = cell.setting
        for name, (base, other) in pairs.items():
            better = next((c for c in found if c.setting.policy == other and _same(c, cell)), None)
            if own.policy == base and better is not None:
                rows.append({"what": name, **_fabric(cell), "points": asdict(paired(cell, better))})
        if own.ratio == 4.0:
            wide = by[(own.policy, 1.0, own.load, own.links, own.label, own.changed)]
            name = f"fabric (1:1 over 4:1) under {own.policy}"
            rows.append({"what": name, **_fabric(cell), "points": asdict(paired(cell, wide))})
    return rows


def _same(one: Cell, other: Cell) -> bool:
    return (one.setting.ratio, one.setting.links) == (other.setting.ratio, other.setting.links)


def _setting(cell: Cell) -> dict[str, Any]:
    return {"policy": cell.setting.policy, **_fabric(cell)}


def _fabric(cell: Cell) -> dict[str, Any]:
    return {"ratio": cell.setting.ratio, "links": None if cell.setting.links is None else " ".join(cell.setting.links)}


def _plain(found: object) -> dict[str, Any] | None:
    return None if found is None else asdict(found)  # type: ignore[call-overload]


def openb(folder: Path, seeds: int, _journal: Path) -> dict[str, Any]:
    """Return how many devices of openb's nodes stay unallocated, by policy and demand, as FGD's experiment counts them."""
    from benchmarks.openb_fill import study

    return study(folder / "traces", seeds)


def openb_time(folder: Path, seeds: int, journal: Path) -> dict[str, Any]:
    """Return openb's pods coming and going: running times of a day at most or as listed, and where devices alone bind."""
    jobs = read_trace(folder / "traces" / "openb_pod_list_default.csv", "openb").jobs
    nodes = "openb_node_list_gpu_node.csv"
    pools = smallest_first(openb_pools((folder / "traces" / nodes).read_text(), nodes), QUARTER)
    held = {"nodes": sum(pool["nodes"] for pool in pools), "devices": sum(pool["nodes"] * pool["devices"] for pool in pools)}
    rows, worth = [], []
    for case, loads, policies, longest, bound in (
        ("a day at most", (0.8, 0.95, 1.1), OVER_TIME, DAY_S, True),
        ("as long as listed", (0.95,), OVER_TIME, inf, True),
        ("a day at most, devices alone bind", (0.95,), OVER_TIME[2:], DAY_S, False),
    ):
        for load_asked in loads:
            ran = []
            for seed in range(seeds):
                drawn = draw(jobs, held["devices"], load_asked, HOURS / 24, seed, longest)
                trace = written(journal.with_name(f"{case} {load_asked} {seed}.csv"), jobs, drawn, bound=bound)
                asked = {"topo": topo(pools), "pools": pools, "warm_up": WARM_UP_HOURS / 24}
                asked["jobs"] = {"trace": str(trace), "format": "csv", "days": HOURS / 24}
                ran += run_all(parse(asked), [Setting(name, seed) for name in policies], journal=journal, workers=1)
            found = cells(ran)
            rows += [{"case": case, "asked": load_asked, **row} for row in _rows(found)]
            worth += [{"case": case, "asked": load_asked, **row} for row in _worth(found, WITH_FGD)]
    return {"rows": rows, "worth": worth, "list": touched(jobs, DAY_S), "on": held, "hours": [WARM_UP_HOURS, HOURS]}


STUDIES = {"philly": philly, "rails": rails, "locality": locality, "lingjun": lingjun, "openb": openb}
STUDIES |= {"openb-time": openb_time, "half-idle": half_idle}


def summary(found: Mapping[str, Any]) -> str:
    """Return what a study found, as Markdown."""
    if found.get("study") == "openb-time":
        return over_time(found)
    lines = []
    if "worth" in found:
        kept = [row for row in found["worth"] if "fifo+tree" not in row["what"] and "easy+scattered" not in row["what"]]
        lines += ["| what | load | uplinks | links | points of installed device-hours (95 %) |", "|---|---|---|---|---|"]
        for row in kept:
            points = row["points"]
            span = f"{100 * points['mean']:+.2f} ({100 * points['low']:.2f} ... {100 * points['high']:.2f})"
            ratio = "as built" if row["ratio"] is None else f"{row['ratio']:g}:1"
            lines.append(f"| {row['what']} | {row.get('load', '')} | {ratio} | {row['links']} | {span} |")
    elif "waits" in found:
        lines += ["| policy | load | devices | wait, median | wait, P95 |", "|---|---|---|---|---|"]
        for row in found["waits"]:
            cells_of = [clock(row[key]["mean"]) for key in ("wait_median", "wait_p95")]
            lines.append(f"| {row['policy']} | {row['load']} | {row['devices']} | {cells_of[0]} | {cells_of[1]} |")
    else:
        lines += ["| policy | bound by | demand | unallocated devices | fewer than best fit |", "|---|---|---|---|---|"]
        for row in found["rows"]:
            bound = "devices, processors, memory" if row["processors_and_memory"] else "devices alone"
            fewer = "-" if row["fewer_than_best_fit"] is None else f"{100 * row['fewer_than_best_fit']:.0f} %"
            lines.append(f"| {row['policy']} | {bound} | {row['demand']:g} | {100 * row['mean']:.2f} % | {fewer} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--seeds", type=int, help="by default 7 for philly and rails, 5 for others")
    parser.add_argument("-o", "--output", type=Path, default=Path("results/fleet"))
    parser.add_argument("--journal", type=Path)
    given = parser.parse_args()
    journal = given.journal or Path(tempfile.mkdtemp()) / "journal"
    seeds = given.seeds or (7 if given.study in ("philly", "rails") else 5)
    result = STUDIES[given.study](given.folder, seeds, journal)
    result |= {"study": given.study, "seeds": seeds, "attribution": ATTRIBUTION[given.study]}
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / f"{given.study}.json").write_text(json.dumps(result, indent=1) + "\n")
    (given.output / f"{given.study}.md").write_text(f"{ATTRIBUTION[given.study]}\n\n{summary(result)}")
    print(summary(result))
