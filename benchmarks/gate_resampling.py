"""False alarms of the gate's verdicts on resampled A/A pairs: moving blocks keep their autocorrelation. It measures nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.gate.verdict import cell_alpha, critical, judge, look_alpha, shift_interval

BLOCK = 20
"""Neighbouring quads that are drawn together."""
LOOKS = (64, 128, 256)
"""Quads at the three looks of a suite."""
BATCH = 5000
Floats = NDArray[np.float64]


def resample(row: dict[str, Any], count: int, seed: int = 0) -> dict[str, Any]:
    """Return a recorded cell's false alarms over `count` resampled suites' cells, with fresh coins and with the recorded ones.

    Fresh: blocks of the contrast between outer and inner pair, a new coin for every quad, as the gate draws them. Recorded:
    blocks of log(B / A) less the recording's own estimate, which is chance, with the coins that fell. unequal: intervals that
    leave out 1 at any look, whatever the tolerance.
    """
    ratios = np.array(row["log_ratio_1e5"]) / 1e5
    coins = np.array([1.0 if coin == "A" else -1.0 for coin in row["coins"]])
    centred, rng = ratios - shift_interval(ratios, 0.05)[1], np.random.default_rng(seed)
    found = {kind: [0, 0] for kind in ("fresh", "recorded")}
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        at = _blocks(rng, len(ratios), size)
        signs = rng.choice((-1.0, 1.0), size=at.shape)
        for kind, units in (("fresh", (ratios * coins)[at] * signs), ("recorded", centred[at])):
            unequal, alarms = alarms_of(units)
            found[kind][0] += unequal
            found[kind][1] += alarms
    lag = float(np.corrcoef(ratios[:-1] * coins[:-1], ratios[1:] * coins[1:])[0, 1])
    return {
        "nbytes": row["nbytes"],
        "in_place": row["in_place"],
        "quads": len(ratios),
        "spread_percent": round(float(100 * np.subtract(*np.percentile(ratios, [75, 25])) / 1.349), 3),
        "lag_1": round(lag, 3),
        "resamples": count,
        **{
            kind: {"unequal": unequal, "false_alarms": alarms, "rate": alarms / count, "wilson_95": wilson(alarms, count)}
            for kind, (unequal, alarms) in found.items()
        },
    }


def _blocks(rng: np.random.Generator, length: int, count: int) -> NDArray[np.int64]:
    """Return count rows of indices: blocks of neighbours with random starts, up to the last look's units."""
    starts = rng.integers(length - BLOCK + 1, size=(count, -(-LOOKS[-1] // BLOCK)))
    rows: NDArray[np.int64] = (starts[:, :, None] + np.arange(BLOCK)).reshape(count, -1)[:, : LOOKS[-1]]
    return rows


def alarms_of(units: Floats) -> tuple[int, int]:
    """Return (rows whose interval leaves out 1 at any look, rows that are called regressed or improved at any look).

    The first is the signed-rank test, all rows at once; only what it rejects needs a verdict.
    """
    unequal, alarms = np.zeros(len(units), dtype=bool), np.zeros(len(units), dtype=bool)
    for look, count in enumerate(LOOKS, start=1):
        part = units[:, :count]
        k = critical(count, look_alpha(cell_alpha(1), look))
        ranks = np.abs(part).argsort(axis=1).argsort(axis=1) + 1
        plus = (ranks * (part > 0)).sum(axis=1)
        outside = (plus <= k) | (plus >= count * (count + 1) // 2 - k) if k is not None else np.zeros(len(units), dtype=bool)
        unequal |= outside
        for row in np.flatnonzero(outside & ~alarms):
            alarms[row] = judge(list(part[row]), look=look).kind in ("regressed", "improved")
    return int(unequal.sum()), int(alarms.sum())


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    from scipy.stats import binomtest

    interval = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    return round(float(interval.low), 6), round(float(interval.high), 6)
