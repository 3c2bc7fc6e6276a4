"""What a model says of an answer beside its seconds, as typed facts. It does not know how they were worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LATENCY, LIBRARY_LATENCY, LIBRARY_BANDWIDTH, REDUCTION = "latency", "library latency", "library bandwidth", "reduction"
"""Parts of an answer that are no level of a fabric: the wires' latencies, and the constants of a library."""
TIE = 0.02
"""Shares that differ by less are equal; what has no more moves nothing."""


@dataclass(frozen=True)
class Share:
    """How much of a part's slowing (slower) and of its speeding up (faster) reaches the answer."""

    slower: float
    faster: float


@dataclass(frozen=True)
class Shares:
    """The shares of a fabric's levels, by their links' speed and latency, and of the library's constants.

    library_latency: its seconds per message; library_bandwidth: its seconds per byte; reduction: per byte reduced.
    """

    speed: Mapping[str, Share]
    latency: Mapping[str, Share]
    library_latency: Share
    library_bandwidth: Share
    reduction: Share

    @property
    def largest(self) -> tuple[str, ...]:
        """What holds the answer up: the part with the largest share when slowed, and those that tie with it.

        A level stands for its links' speed, `latency` for the latencies of all levels' links together; `latency` too where
        nothing has a share.
        """
        parts = {level: share.slower for level, share in self.speed.items()} | {
            LATENCY: sum(share.slower for share in self.latency.values()),
            LIBRARY_LATENCY: self.library_latency.slower,
            LIBRARY_BANDWIDTH: self.library_bandwidth.slower,
            REDUCTION: self.reduction.slower,
        }
        most = max(parts.values())
        return tuple(part for part, share in parts.items() if share > most - TIE) if most > TIE else (LATENCY,)


@dataclass(frozen=True)
class Prediction:
    """What a model says beside seconds.

    runs: the algorithm's text, with its parameters. constants, backend: whose constants, and of which library. exact, reason:
    whether the fidelity is exact for the case, and why; None where nobody asked. bottlenecks: what moves the answer most, and
    what ties with it. link: the bottleneck's link that decided longest, `leaf3 -> spine1`. slowdown: seconds over those of
    the same schedule limited by the devices' own links alone. latency_seconds, bandwidth_seconds: of the loaded model, in
    alphas and latencies, and in bytes by the level that decided. alone_seconds, slowdown_by_others: of several jobs at once.
    """

    runs: str
    constants: str = "none"
    backend: str | None = None
    exact: bool | None = None
    reason: str | None = None
    bottlenecks: tuple[str, ...] = ()
    link: str | None = None
    shares: Shares | None = None
    slowdown: float | None = None
    latency_seconds: float | None = None
    bandwidth_seconds: Mapping[str, float] = field(default_factory=dict)
    alone_seconds: float | None = None
    slowdown_by_others: float | None = None
    interval: tuple[float, float] | None = None
    interval_reasons: tuple[str, ...] = ()
