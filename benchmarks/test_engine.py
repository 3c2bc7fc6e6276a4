"""The engine's own speed: rates, completions and schedules, SimGrid beside it where SIMGRID_PYTHON names a Python that has it.

`python -m pytest benchmarks/test_engine.py --benchmark-enable`. Read ratios within one run: machines differ.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.test_tool import with_peak
from fabric.network.routing.ways import Paths, Ways
from fabric.predict.flows.given import FlowCase, finish_times
from fabric.predict.flows.maxmin import max_min, step_seconds
from fabric.predict.flows.simulate import Phase, Program, simulate

SPEED = 12.5e9


def all_to_all(k: int, seed: int = 1) -> tuple[Paths, np.ndarray]:
    """Return the paths of an all-to-all over a k-ary fat-tree's hosts, random ECMP, and the links' capacities."""
    half, hosts = k // 2, k**3 // 4
    rng = np.random.default_rng(seed)
    source, target = np.divmod(np.arange(hosts * hosts), hosts)
    source, target = source[source != target], target[source != target]
    up, core = rng.integers(0, half, (2, len(source)))
    leaf, to_leaf = source // half, target // half
    pod, to_pod = leaf // half, to_leaf // half
    tier = k * half * half  # cables of a tier: as many as hosts
    columns = np.column_stack(
        (
            source,
            np.where(leaf == to_leaf, -1, 2 * tier + leaf * half + up),
            np.where(pod == to_pod, -1, 4 * tier + (pod * half + up) * half + core),
            np.where(pod == to_pod, -1, 5 * tier + (to_pod * half + up) * half + core),
            np.where(leaf == to_leaf, -1, 3 * tier + to_leaf * half + up),
            tier + target,
        )
    )
    there = columns >= 0
    return Paths(np.concatenate(([0], np.cumsum(there.sum(axis=1)))), columns[there]), np.full(6 * tier, SPEED)


def unequal(paths: Paths, capacity: np.ndarray) -> FlowCase:
    """Return flows of 0.5 to 1.5 MB from a common start."""
    flows = len(paths.hops)
    none = Paths(np.zeros(flows + 1, np.int64), np.zeros(0, np.int64))
    size = np.random.default_rng(2).uniform(0.5e6, 1.5e6, flows)
    return FlowCase("all-to-all", capacity, np.zeros(len(capacity)), paths, size, np.zeros(flows), none)


def ring(ranks: int) -> Program:
    """Return a ring all-reduce of 64 MiB in which every rank has its own links."""
    who = np.arange(ranks)
    to = (who + 1) % ranks
    paths = Paths(2 * np.arange(ranks + 1), np.column_stack((who, ranks + to)).ravel())
    ways = Ways(paths, np.full(2 * ranks, SPEED), np.arange(2 * ranks), np.full(ranks, 1e-6))
    return Program(ranks, [Phase(who, to, ways, 2**26 / ranks, repeats=ranks - 1)] * 2)


@pytest.mark.benchmark(group="1,047,552 flows of a 3-level fat-tree, routed before")
def test_max_min_rates(benchmark):
    """Rates of all flows."""
    paths, capacity = all_to_all(16)
    max_min(paths, capacity)
    assert with_peak(benchmark, lambda: max_min(paths, capacity), 5).min() > 0


@pytest.mark.benchmark(group="1,047,552 flows of a 3-level fat-tree, routed before")
def test_step_time(benchmark):
    """The step's time alone, in numpy; it is that of the slowest rate."""
    paths, capacity = all_to_all(16)
    seconds = with_peak(benchmark, lambda: step_seconds(paths, capacity, size=1e6), 5)
    assert seconds == pytest.approx(1e6 / max_min(paths, capacity).min())


@pytest.mark.benchmark(group="16,256 flows of unequal sizes")
@pytest.mark.parametrize("eps", [0.0, 0.01])
def test_unequal_sizes(benchmark, eps):
    """Every completion an event, and batched."""
    case = unequal(*all_to_all(8))
    assert with_peak(benchmark, lambda: finish_times(case, eps=eps), 5).min() > 0


@pytest.mark.benchmark(group="1,047,552 flows of unequal sizes")
def test_a_million_unequal_sizes(benchmark):
    """Batched within 1 %."""
    case = unequal(*all_to_all(16))
    assert with_peak(benchmark, lambda: finish_times(case, eps=0.01), 3).min() > 0


@pytest.mark.benchmark(group="ring all-reduce, flow by flow")
@pytest.mark.parametrize("ranks", [1024, 65_536])
def test_ring(benchmark, ranks):
    """All repeats, those that come again added up."""
    program = ring(ranks)
    expected = 2 * (ranks - 1) * (1e-6 + 2**26 / ranks / SPEED)
    assert with_peak(benchmark, lambda: simulate([program]), 5).seconds[0] == pytest.approx(expected)


def pair_file(hosts: int, path: Path, *, equal: bool) -> Path:
    """Write an all-to-all of the first hosts of a fat-tree as a flow file that also names every flow's two hosts."""
    k = 4 if hosts <= 16 else 8
    paths, capacity = all_to_all(k)
    source, target = np.divmod(np.arange((k**3 // 4) ** 2), k**3 // 4)
    source, target = source[source != target], target[source != target]
    size = np.full(len(source), 1_000_000) if equal else np.random.default_rng(2).integers(500_000, 1_500_000, len(source))
    flows = [
        {
            "id": int(f),
            "source": int(source[f]),
            "target": int(target[f]),
            "links": paths.links[paths.first[f] : paths.first[f + 1]].tolist(),
            "size_B": int(size[f]),
        }
        for f in np.flatnonzero((source < hosts) & (target < hosts))
    ]
    links = [{"id": i, "capacity_Bps": c, "latency_s": 0} for i, c in enumerate(capacity.tolist())]
    path.write_text(json.dumps({"cases": [{"name": "all-to-all", "links": links, "flows": flows}]}))
    return path


def answer(*command: object) -> tuple[dict[str, Any], float]:
    """Return what a process of its own prints, and its CPU seconds from start to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(part) for part in command], capture_output=True, check=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(done.stdout.splitlines()[-1]), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize(("hosts", "equal"), [(16, True), (16, False), (64, True), (64, False)])
def test_simgrid_ends_at_the_same_times(tmp_path, hosts, equal):
    """Same links, same flows, both in processes of their own: ends to 1e-6; prints CPU seconds and peak memory of both."""
    python = os.environ.get("SIMGRID_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import simgrid"], capture_output=True, check=False).returncode:
        pytest.skip("simgrid is not here: set SIMGRID_PYTHON to an interpreter that has it (docs/flows.md)")
    file, folder = pair_file(hosts, tmp_path / "flows.json", equal=equal), Path(__file__).parent
    runs = {
        "SimGrid Lazy": (python, folder / "simgrid_peer.py", file, "Lazy"),
        "SimGrid Full": (python, folder / "simgrid_peer.py", file, "Full"),
        "ours, cold": (sys.executable, folder / "flows_peer.py", file, "once"),
        "ours, warm": (sys.executable, folder / "flows_peer.py", file),
    }
    ends = {}
    for name, command in runs.items():
        found = [answer(*command) for _ in range(3)]
        ends[name] = np.array(found[0][0]["finish_s"])
        simulation, process = (np.median(x) for x in zip(*((f["cpu_s"], cpu) for f, cpu in found), strict=True))
        apart = np.abs(ends[name] / ends["SimGrid Lazy"] - 1).max()
        peak = found[0][0]["peak_mib"]
        flows = f"{len(ends[name]):,} {'equal' if equal else 'random'}"
        print(f"{flows} | {name} | {simulation:.4f} s | {process:.2f} s | {peak:.0f} MiB | {apart:.1e}")
    assert ends["ours, warm"] == pytest.approx(ends["SimGrid Lazy"], rel=1e-6)
