"""`throughput`: between what is achieved and what no routing can beat, the rate that every endpoint of a fabric can use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, TEXT, TEXTS, YES_NO, Answer, Column, Part, View, maybe
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.throughput.answer import Bracket, Estimate

SAYS = {"bound": "at most", "achieved": "at least", "both": "exactly"}
MET = 1e-6
"""Gap below which bound and achieved are the same number."""


@dataclass(frozen=True)
class Estimated:
    """What one method says, on which fabric, under which traffic; nic: bytes per second that theta = 1 means."""

    fabric: str
    traffic: str
    nic: float
    estimate: Estimate

    @property
    def rate(self) -> float | None:
        """Theta in bytes per second and endpoint; None where the method was not run."""
        return None if self.estimate.value is None else self.estimate.value * self.nic


VIEW = View(
    "throughput",
    (
        Column("fabric", TEXT, "name of the fabric"),
        Column("traffic", TEXT, "who sends to whom"),
        Column("method", TEXT, "how theta was found", lambda f: f.estimate.name, head="method"),
        Column("side", TEXT, "bound: no routing can beat it; achieved: it is reached; both", lambda f: f.estimate.side,
               head="theta is", cell=lambda f: SAYS[f.estimate.side]),
        Column("theta", maybe(NUMBER), "share of its NIC's rate that every endpoint can send at once",
               lambda f: f.estimate.value, head="theta",
               cell=lambda f: "-" if f.estimate.value is None else f"{f.estimate.value:.4f}"),
        Column("bytes_per_second_per_endpoint", maybe(NUMBER), "theta times the NIC's rate", lambda f: f.rate,
               head="GB/s per endpoint", cell=lambda f: "-" if f.rate is None else f"{f.rate / 1e9:.2f}"),
        Column("exact", YES_NO, "whether it is the optimum itself", lambda f: f.estimate.exact),
        Column("seconds_taken", NUMBER, "that the method took", lambda f: f.estimate.seconds_taken, head="took",
               cell=lambda f: show_duration(f.estimate.seconds_taken)),
        Column("note", TEXT, "why it was not run, or what the value stands on", lambda f: f.estimate.note, head="stands on"),
    ),
    beside={
        "traffic": TEXT,
        "nic_bytes_per_second": NUMBER,
        "achieved_theta": maybe(NUMBER),
        "bound_theta": maybe(NUMBER),
        "gap": maybe(NUMBER),
        "assumptions": TEXTS,
    },
)  # fmt: skip
TABLE = ("method", "side", "theta", "bytes_per_second_per_endpoint", "seconds_taken", "note")


def throughput(
    fabric: Fabric | str,
    traffic: str = "uniform",
    methods: Sequence[str] = (),
    *,
    eps: float = 0.05,
    progress: Callable[[str], None] = lambda _: None,
) -> Answer[Estimate]:
    """Return what every method says of theta, the share of its NIC's rate that every endpoint can send at once.

    fabric: what load returns, or its TOPO. traffic: uniform, permutation:SEED, worst or skewed:FACTOR. methods: by default
    all that are worth it. eps: the gap at which multiplicative weights stop. progress: told what is going on.

    Raises:
        InputError: an unknown traffic or method, or a fabric on which it has no meaning.
    """
    from fabric.answers.ask import load
    from fabric.predict.throughput.bracket import bracket

    fabric = load(fabric)
    found = bracket(fabric, traffic, tuple(methods), eps=eps, progress=progress)
    facts = tuple(Estimated(fabric.name, found.traffic, found.nic, estimate) for estimate in found.estimates)
    summary = {"achieved_theta": found.lower, "bound_theta": found.upper, "gap": found.gap}
    more = {"traffic": found.traffic, "nic_bytes_per_second": found.nic, **summary, "assumptions": fabric.assumptions()}
    return Answer(VIEW, tuple(found.estimates), facts, parts=(_part(found, facts, fabric),), beside=more)


def _part(found: Bracket, facts: Sequence[Estimated], fabric: Fabric) -> Part:
    """Return the table of the methods that were run, the verdict under it."""
    title = f"{fabric.name}: throughput under {found.traffic} traffic, theta = share of the NIC's {found.nic / 1e9:g} GB/s"
    skipped = [f"not run: {e.name}: {e.note}" for e in found.estimates if e.value is None]
    notes = (verdict(found), *skipped, *("assumed: " + line for line in fabric.assumptions()))
    return Part(title, tuple(fact for fact in facts if fact.estimate.value is not None), TABLE, notes)


def verdict(found: Bracket) -> str:
    """Return the bracket as one line."""
    lower, upper, gap = found.lower, found.upper, found.gap
    if upper is None or lower is None or gap is None:
        known = f"at least {lower:.4f}" if lower is not None else f"at most {upper:.4f}" if upper is not None else "unknown"
        return f"verdict: theta is {known}; the methods that were run give no more"
    rate = f"{lower * found.nic / 1e9:.2f}"
    if gap < MET:
        return f"verdict: theta is {lower:.4f}, {rate} GB/s per endpoint; bound and achieved meet"
    return f"verdict: theta is {lower:.4f} to {upper:.4f}, {rate} to {upper * found.nic / 1e9:.2f} GB/s; gap {100 * gap:.1f} %"
