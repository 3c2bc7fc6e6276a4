"""openb over time: pods drawn from its list keep nodes of its own at a load, as if they had been coming for ever.

Drawn: which pods come (with replacement, each with its devices or share, processors, memory and running time together, so
that what goes together in the list stays together) and when (a Poisson process). The list's: all of that, and the nodes. At
the begin the nodes are asked to hold what a visitor would find of that process: pods by how long they run, each with an evenly
drawn part of its time left. The longest run for months, so that no warm-up could bring them in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fabric.answers.fleet_tables import clock
from fabric.fleet.fleet import Pool
from fabric.fleet.job import WHOLE, Jobs

DAY_S = 86_400
HEAD = "id,submit_s,work_s,devices,nodes,share,processors,memory_mib"


@dataclass(frozen=True)
class Drawn:
    """Pods of a run, by submit: seconds they come and run, and their row in the list."""

    submit: np.ndarray
    work: np.ndarray
    pod: np.ndarray


def draw(jobs: Jobs, devices: int, load: float, days: float, seed: int, longest: float = np.inf) -> Drawn:
    """Return pods that ask for `load` of so many devices at every time of so many days; none runs longer than `longest` s."""
    random = np.random.default_rng(seed)
    works = np.minimum(jobs.work / 1e6, longest)
    asks = _asks(jobs)
    wanted = load * devices
    found = random.choice(len(works), int(2 * wanted * works.sum() / (works * asks).sum()) + 1, p=works / works.sum())
    held = found[: int(np.searchsorted(np.cumsum(asks[found]), wanted)) + 1]
    rate = wanted / float((works * asks).mean())
    come = np.cumsum(random.exponential(1 / rate, int(1.2 * rate * days * DAY_S) + 100))
    come = come[come < days * DAY_S]
    new = random.integers(len(works), size=len(come))
    left = works[held] * random.random(len(held))
    return Drawn(
        np.concatenate([np.zeros(len(held)), come]),
        np.maximum(np.concatenate([left, works[new]]), 1e-6),
        np.concatenate([held, new]),
    )


def _asks(jobs: Jobs) -> np.ndarray:
    """Return the devices that every pod asks for, shares as such."""
    return np.asarray(jobs.devices * jobs.columns()["share"].astype(np.float64) / WHOLE)


def written(path: Path, jobs: Jobs, drawn: Drawn, *, bound: bool) -> Path:
    """Write a draw as a trace of our own format, a pod on one node; without processors and memory where they do not bind."""
    columns = jobs.columns()
    devices, share = jobs.devices[drawn.pod], columns["share"][drawn.pod]
    processors, memory = (columns[name][drawn.pod] * bound for name in ("processors", "memory"))
    rows = zip(drawn.submit, drawn.work, devices, share, processors / WHOLE, memory, strict=True)
    path.write_text(
        HEAD + "\n" + "".join(f"{n},{a:.6f},{w:.6f},{d},1,{s},{p:g},{m}\n" for n, (a, w, d, s, p, m) in enumerate(rows))
    )
    return path


def smallest_first(pools: Sequence[Pool], every: int = 1) -> list[dict[str, Any]]:
    """Return pools as a fleet's file says them, one in `every` of their nodes, nodes of few devices first."""
    ordered = sorted(pools, key=lambda pool: (pool.devices, pool.name))
    return [
        {
            "name": f"{number} {pool.name}", "nodes": pool.nodes // every, "devices": pool.devices, "kind": pool.kind,
            "processors": pool.processors / WHOLE, "memory": f"{pool.memory}MiB",
        }
        for number, pool in enumerate(ordered) if pool.nodes >= every
    ]  # fmt: skip


def topo(pools: Sequence[Mapping[str, Any]]) -> str:
    """Return a leaf-spine over the pools' nodes, 1:1; its leaves hold as many nodes up to 16 as divide them."""
    nodes = sum(pool["nodes"] for pool in pools)
    leaf = next(size for size in range(16, 0, -1) if nodes % size == 0)
    return f"leaf_spine:leaves={nodes // leaf},spines=4,hosts_per_leaf={leaf},uplinks={leaf},devices_per_node=1"


def touched(jobs: Jobs, longest: float) -> dict[str, float]:
    """Return how many pods run longer, their share of the list's device-time, and how much of it is cut off."""
    works = jobs.work / 1e6
    asks = _asks(jobs)
    total, long = float((works * asks).sum()), works > longest
    return {
        "pods": len(jobs),
        "longer": int(long.sum()),
        "their_share": float((works * asks)[long].sum()) / total,
        "cut_off": float(((works - longest) * asks)[long].sum()) / total,
    }


def summary(found: Mapping[str, Any]) -> str:
    """Return the study as Markdown: shares of installed device-hours, waits and partly held nodes, then pairs of policies."""
    head = "| case | load | policy | idle | blocked | effective | wait, mean of P95 | nodes partly held |"
    lines = [head, "|" + "---|" * 8]
    for row in found["rows"]:
        shares = " | ".join(_span(row["share"][step]) for step in ("idle", "blocked", "effective"))
        wait = clock(row["wait_p95_seconds"]["mean"])
        lines.append(f"| {row['case']} | {row['asked']} | {row['policy']} | {shares} | {wait} | {_span(row['gfr'])} |")
    lines += ["", "| what | case | load | points of installed device-hours (95 %) |", "|---|---|---|---|"]
    lines += [f"| {row['what']} | {row['case']} | {row['asked']} | {_span(row['points'], '+')} |" for row in found["worth"]]
    return "\n".join(lines) + "\n"


def _span(of: Mapping[str, float], sign: str = "") -> str:
    return f"{100 * of['mean']:{sign}.1f} ({100 * of['low']:.1f} ... {100 * of['high']:.1f})"
