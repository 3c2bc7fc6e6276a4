"""How often the printed 95 % intervals hold the truth, simulated at every sample count. It measures no machine.

`python -m benchmarks.coverage` writes results/coverage-<date>.json and prints a table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from benchmarks.series import KEPT, SEED, SOURCES, Source, alarms
from fabric.measure.cells.plan import FEWEST, MOST, NARROW_FROM, PRECISION
from fabric.statistics import AT_ANY_STOP, CONFIDENCE, MEDIAN, needed, order_ranks, stretch, stretched

RUNS, LONGEST = 20_000, 600
QUANTILES = (MEDIAN, 0.1, 0.99)
PROMISED = 0.945
EVERY_COUNT, STEP = 64, 1.05
"""The stop rule looks after every sample up to here, then after 5 % more each time: real rounds look less often."""
LEAST_SHARE = 0.01
BANDS = (NARROW_FROM, 25, 30, 40, 80, 160, MOST, MOST + 1)
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def looks(longest: int = MOST) -> list[int]:
    """Return the counts after which the simulated stop rule looks."""
    counts = list(range(FEWEST, min(EVERY_COUNT, longest) + 1))
    while counts[-1] < longest:
        counts.append(min(longest, int(counts[-1] * STEP) + 1))
    return counts


@dataclass(frozen=True)
class Looked:
    """What the tool would print after each look, per run. held: by quantile and count; stop: the count that ends the run."""

    held: Mapping[float, Mapping[int, Bools]]
    stop: Ints

    def fixed(self, quantile: float) -> dict[int, float]:
        """Return the coverage after each look that has an interval."""
        fewest = needed(quantile, AT_ANY_STOP)
        return {count: float(held.mean()) for count, held in self.held[quantile].items() if count >= fewest}

    def stopped(self, quantile: float) -> dict[int, float]:
        """Return the coverage where the sampling ends after that look at the latest."""
        before, found = np.ones(len(self.stop), dtype=bool), {}
        for count, held in self.held[quantile].items():
            if count >= needed(quantile, AT_ANY_STOP):
                found[count] = float(np.where(self.stop < count, before, held).mean())
            before = np.where(self.stop == count, held, before)
        return found


def look(samples: Floats, truths: Mapping[float, float]) -> Looked:
    """Return what the tool would print after each look, and where it would stop: series_interval() of all runs at once."""
    stop, held = np.full(len(samples), MOST), {quantile: {} for quantile in truths}
    for count in looks():
        taken = samples[:, :count]
        ordered = np.sort(taken, axis=1)
        for quantile, truth in truths.items():
            low, high = ends(taken, ordered, quantile)
            held[quantile][count] = (low <= truth) & (truth <= high)
            if quantile == MEDIAN and count >= NARROW_FROM:
                centre = (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2
                stop[((high - low) / 2 <= PRECISION * centre) & (stop == MOST)] = count
    return Looked(held, stop)


def ends(taken: Floats, ordered: Floats, quantile: float) -> tuple[Floats, Floats]:
    """Return both ends of every run's interval, infinite where there is none."""
    ranks = order_ranks(taken.shape[1], AT_ANY_STOP, quantile)
    if ranks is None:
        return np.full(len(taken), -np.inf), np.full(len(taken), np.inf)
    low, high = stretched(ranks, taken.shape[1], quantile, stretch(taken, quantile))
    rows = np.arange(len(taken))
    return ordered[rows, low], ordered[rows, high]


def plain_stops(samples: Floats) -> Ints:
    """Return per run the first look at which an interval at 95 %, as of independent samples, is narrow enough."""
    found, going = np.full(len(samples), MOST), np.arange(len(samples))
    for count in looks():
        low, high = order_ranks(count, CONFIDENCE) or (0, count - 1)
        ordered = np.sort(samples[going, :count].astype(np.float32), axis=1)
        centre = (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2
        enough = (ordered[:, high] - ordered[:, low]) / 2 <= PRECISION * centre
        found[going[enough]] = count
        going = going[~enough]
    return found


def covers(samples: Floats, truth: float, quantile: float, level: float = AT_ANY_STOP) -> Bools:
    """Return, per count 1, 2, ... and run, whether the interval of so many samples holds the truth; True without one."""
    columns = np.ascontiguousarray(samples.T)
    at_most, below = (np.cumsum(under, axis=0, dtype=np.int16) for under in (columns <= truth, columns < truth))
    held = np.ones(columns.shape, dtype=bool)
    for i in range(len(held)):
        ranks = order_ranks(i + 1, level, quantile)
        if ranks is not None:
            held[i] = (at_most[i] > ranks[0]) & (below[i] <= ranks[1])
    return held


def by_count(held: Bools, fewest: int, stop: Ints | None = None) -> dict[int, float]:
    """Return the coverage at every count from the fewest on; with stops, where the sampling ends there at the latest."""
    runs, counts = np.arange(held.shape[1]), range(fewest, (len(held) if stop is None else MOST) + 1)
    if stop is None:
        return {count: float(held[count - 1].mean()) for count in counts}
    return {count: float(held[np.minimum(stop, count) - 1, runs].mean()) for count in counts}


def by_stop(looked: Looked) -> list[dict[str, float]]:
    """Return, for runs that stopped within each of BANDS, their share and the coverage of the median among them alone."""
    found = []
    for low, high in pairwise(BANDS):
        within = {count: looked.stop == count for count in looked.held[MEDIAN] if low <= count < high}
        share = float(sum(chosen.mean() for chosen in within.values()))
        if share >= LEAST_SHARE:
            hits = float(sum((chosen & looked.held[MEDIAN][count]).mean() for count, chosen in within.items()))
            found.append({"from": low, "to": high - 1, "share": share, "coverage": hits / share})
    return found


def held_at_every_count(level: float, quantile: float, longest: int = MOST) -> float:
    """Return the chance that the intervals after every count up to `longest` all hold the quantile: exact, not simulated.

    The number of independent samples below the quantile is a random walk; each interval holds while low < number <= high.
    The chances of all numbers are followed sample by sample, and those outside are lost.
    """
    chances = np.ones(1)
    for count in range(1, longest + 1):
        chances = np.append(chances * (1 - quantile), 0) + np.insert(chances * quantile, 0, 0)
        ranks = order_ranks(count, level, quantile)
        if ranks is not None:
            chances[: ranks[0] + 1] = chances[ranks[1] + 1 :] = 0
    return float(chances.sum())


def exact(quantile: float, level: float = AT_ANY_STOP, longest: int = 2000) -> float:
    """Return the least coverage of fixed counts up to `longest`: binomial, of any continuous distribution."""
    ranks = {count: order_ranks(count, level, quantile) for count in range(needed(quantile, level), longest + 1)}
    return min(
        float(binom.cdf(pair[1], count, quantile) - binom.cdf(pair[0], count, quantile))
        for count, pair in ranks.items()
        if pair
    )


def simulate(source: Source, runs: int = RUNS, seed: int = SEED) -> dict[str, Any]:
    """Return the coverage of each quantile by count, with a fixed count and with the stop rule.

    narrow: at every count, without stretch(), so that what is printed covers as much or more. printed: after each look.
    """
    samples = source.draw(runs, LONGEST, np.random.default_rng(seed))
    truths = {quantile: float(source.inverse(np.array(quantile))) for quantile in QUANTILES}
    looked = look(samples, {quantile: truths[quantile] for quantile in QUANTILES if needed(quantile, AT_ANY_STOP) <= MOST})
    found: dict[str, Any] = {}
    for quantile, truth in truths.items():
        held, fewest = covers(samples, truth, quantile), needed(quantile, AT_ANY_STOP)
        found[f"{quantile:g}"] = {"narrow": {"fixed": by_count(held, fewest)}}
        if fewest <= MOST:
            found[f"{quantile:g}"]["narrow"]["stopped"] = by_count(held, fewest, looked.stop)
            found[f"{quantile:g}"]["printed"] = {"fixed": looked.fixed(quantile), "stopped": looked.stopped(quantile)}
    plain = covers(samples[:, :MOST], truths[MEDIAN], MEDIAN, CONFIDENCE)
    before = by_count(plain, needed(MEDIAN), plain_stops(samples))
    return {
        "coverage": found,
        "at_plain_95": {"least": min(before.values()), "last": before[MOST]},
        "median_by_stop": by_stop(looked),
        "stop_quartiles": np.quantile(looked.stop, [0.25, 0.5, 0.75]).tolist(),
    }


def report(runs: int = RUNS, seed: int = SEED) -> dict[str, Any]:
    """Return everything that the file holds."""
    return {
        "parameters": {
            "runs": runs,
            "seed": seed,
            "standard_error": round((CONFIDENCE * (1 - CONFIDENCE) / runs) ** 0.5, 5),
            "level": AT_ANY_STOP,
            "precision": PRECISION,
            "stop_rule_from": NARROW_FROM,
            "stop_rule_up_to": MOST,
            "looks": f"every count from {FEWEST} to {EVERY_COUNT}, then {STEP - 1:.0%} more each time",
        },
        "needed": {f"{q:g}": needed(q, AT_ANY_STOP) for q in QUANTILES},
        "exact": {
            f"{q:g}": {"held_at_every_count": held_at_every_count(AT_ANY_STOP, q), "least_fixed": exact(q)} for q in QUANTILES
        },
        "simulated": {name: simulate(source, runs, seed + i) for i, (name, source) in enumerate(SOURCES.items())},
        "warm_up": [asdict(alarms(count)) for count in (20, 50, 100, 300)],
    }


def table(found: Mapping[str, Any]) -> str:
    """Return the least coverage over all counts of every setting as text."""
    lines = [f"{'least coverage over all counts, %':<34}" + "".join(f"{head:>14}" for head in HEADS)]
    for name, one in found["simulated"].items():
        shown = [_least(one["coverage"][quantile].get(kind, {}).get(rule)) for quantile, kind, rule in COLUMNS]
        lines.append(f"{name:<34}" + "".join(f"{text:>14}" for text in [*shown, f"{100 * one['at_plain_95']['least']:.2f}"]))
    lines += [
        f"Monte-Carlo standard error {100 * found['parameters']['standard_error']:.2f} %, {found['parameters']['runs']} runs"
    ]
    lines += [f"needed: {', '.join(f'p{100 * float(q):g} {n}' for q, n in found['needed'].items())}"]
    return "\n".join([*lines, *(f"warm-up {row}" for row in found["warm_up"])])


HEADS = ("median fixed", "median stop", "narrow stop", "p10 fixed", "p10 stop", "p99 narrow", "plain 95 stop")
COLUMNS = (
    ("0.5", "printed", "fixed"),
    ("0.5", "printed", "stopped"),
    ("0.5", "narrow", "stopped"),
    ("0.1", "printed", "fixed"),
    ("0.1", "printed", "stopped"),
    ("0.99", "narrow", "fixed"),
)


def _least(coverage: Mapping[int, float] | None) -> str:
    return "-" if not coverage else f"{100 * min(coverage.values()):.2f}"


def compact(value: Any) -> Any:
    """Return the report with shares to four digits, and a coverage at every count as the first count and its values."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        if "fixed" in value and len(value["fixed"]) > len(looks()):
            return {rule: {"from": min(one), "values": compact(list(one.values()))} for rule, one in value.items()}
        return {key: compact(one) for key, one in value.items()}
    return [compact(one) for one in value] if isinstance(value, (list, tuple)) else value


def least(found: Mapping[str, Any], name: str) -> float:
    """Return the least coverage of one source over quantiles, rules and counts, as printed."""
    kinds = [of.get("printed", of["narrow"]) for of in found["simulated"][name]["coverage"].values()]
    return min(share for kind in kinds for rule in kind.values() for share in rule.values())


def main(arguments: Sequence[str] = ()) -> int:
    """Write the file, by default results/coverage-<date>.json, and print the table; 1 where a promise is broken."""
    start = perf_counter()
    found = report()
    name = arguments[0] if arguments else f"results/coverage-{datetime.now(UTC):%Y-%m-%d}.json"
    Path(name).write_text(json.dumps(compact(found), separators=(",", ":")) + "\n")
    sys.stdout.write(f"{table(found)}\n{name}, {perf_counter() - start:.0f} s\n")
    return int(any(least(found, name) < PROMISED for name in KEPT))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
