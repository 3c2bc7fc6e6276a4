"""What failures and checkpoints leave of a long run's time: closed form, and a replay of a trace. It knows no model.

A job works for `interval` seconds, writes a checkpoint for `write` seconds in which nothing is trained, and so on. A failure
throws away all since the last whole checkpoint; then `restart` seconds pass (notice, replace, load, warm up), in which a
further failure begins the restart anew. Spare nodes are always there in the closed form; the replay may run out of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, expm1, inf, isfinite, sqrt

from topologies.errors import InputError

RUN_DEVICES, RUN_HOURS = 16_384, 54 * 24
RUN_STOPS, RUN_NETWORK_STOPS = 419, 35
"""Unexpected interruptions, and those by switches and cables, of 54 days on 16,384 GPUs. Source: Llama 3, 2024, table 5."""
HOUR, DAY = 3600.0, 86_400.0
NEWTON = 60


@dataclass(frozen=True)
class Checkpoints:
    """How a job saves itself: seconds of work between checkpoints, of one write that stops the work, of a restart."""

    interval: float
    write: float = 60.0
    restart: float = 600.0

    def __post_init__(self) -> None:
        for name, least in (("interval", "above 0"), ("write", ">= 0"), ("restart", ">= 0")):
            value = getattr(self, name)
            if not isfinite(value) or value < 0 or (name == "interval" and value == 0):
                raise InputError(f"checkpoints: {name} must be a number of seconds {least}, got {value!r}")


@dataclass(frozen=True)
class Fault:
    """One node that is out of service from `start` to `end`, in seconds of the trace."""

    node: int
    start: float
    end: float


@dataclass(frozen=True)
class Effective:
    """Where the time of a run went, in seconds.

    useful: work that a checkpoint or the end of the run kept. writing: checkpoints. lost: work and half-written checkpoints
    thrown away. restarting: from a stop until work goes on. waiting: for nodes, none being spare. stops: how often.
    """

    seconds: float
    useful: float
    writing: float
    lost: float
    restarting: float
    waiting: float
    stops: int

    @property
    def goodput(self) -> float:
        """The share of the time that is useful work."""
        return self.useful / self.seconds


def llama3_rate(devices: int) -> float:
    """Return stops per second of so many devices at the rate of Llama 3's 54 days (419 of 16,384 GPUs), in proportion."""
    return RUN_STOPS / (RUN_HOURS * HOUR) / RUN_DEVICES * devices


def goodput(rate: float, plan: Checkpoints) -> float:
    """Return the share of time that is useful work where stops are exponential. rate: stops per second of the whole job.

    A segment of t = interval + write takes e^(rate * restart) * (e^(rate * t) - 1) / rate on average, restarts and repeats
    included; its interval is useful. Source: Daly, Future Generation Computer Systems 22 (2006), eq. 20.
    """
    period = plan.interval + plan.write
    if rate == 0:
        return plan.interval / period
    if rate * (period + plan.restart) > 700:
        return 0.0
    return plan.interval * rate * exp(-rate * plan.restart) / expm1(rate * period)


def best_interval(rate: float, write: float) -> float:
    """Return the seconds of work between checkpoints that make goodput() largest; infinite where nothing ever stops.

    The derivative is zero where 1 - x = e^-(x + rate * write) with x = rate * interval; Newton's method from Young's
    sqrt(2 * write / rate) (CACM 17, 1974). Daly's series (eq. 37) is its expansion.

    Raises:
        InputError: checkpoints that cost nothing, which have no best interval, or a negative rate.
    """
    if write <= 0:
        raise InputError(f"checkpoints: write must be above 0 s to have a best interval, got {write:g}; say the interval")
    if rate < 0:
        raise InputError(f"rate: must be >= 0 stops per second, got {rate:g}")
    if rate == 0:
        return inf
    cost = rate * write
    x = min(sqrt(2 * cost), 0.999)
    for _ in range(NEWTON):
        miss, slope = 1 - x - exp(-x - cost), -1 + exp(-x - cost)
        after = x - miss / slope
        if abs(after - x) <= 1e-14 * abs(x):
            break
        x = min(max(after, 1e-12), 1.0)
    return x / rate


def replay(stops: Sequence[float], seconds: float, plan: Checkpoints) -> Effective:
    """Return where the time of a run goes whose stops come at these seconds; nodes are replaced at once.

    Raises:
        InputError: a run of no length.
    """
    return _spent([(at, at) for at in sorted(stops)], seconds, plan)


def replay_faults(faults: Sequence[Fault], of: int, nodes: int, seconds: float, plan: Checkpoints) -> Effective:
    """Return where the time goes of a job on so many nodes of a cluster of `of`, whose other nodes are its spares.

    A fault of a node that the job holds stops it; a healthy node takes its place, or the job waits until there is one.

    Raises:
        InputError: more nodes than the cluster has, a fault of a node that it has not, or a run of no length.
    """
    if not 1 <= nodes <= of:
        raise InputError(f"nodes: must be from 1 to the {of:,} of the trace, got {nodes:,}")
    if bad := next((fault for fault in faults if not 0 <= fault.node < of or fault.end < fault.start), None):
        raise InputError(f"faults: must be of nodes 0 to {of - 1:,} and end after they start, got {bad}")
    return _spent(list(outages(faults, of, nodes)), seconds, plan)


def outages(faults: Sequence[Fault], of: int, nodes: int) -> Iterator[tuple[float, float]]:
    """Yield (stop, from when enough healthy nodes are there) of a job on so many of a cluster's nodes, in order of time.

    The job holds the nodes of the lowest numbers that are healthy and keeps those that stay so. Faults of one moment are one
    stop; a job that nobody can serve until the end of the trace is there at infinity.
    """
    changes: dict[float, list[tuple[int, int]]] = {}
    for fault in faults:
        changes.setdefault(fault.start, []).append((fault.node, 1))
        changes.setdefault(fault.end, []).append((fault.node, -1))
    down, held, stopped = [0] * of, set(range(nodes)), None
    for now in sorted(changes):
        for node, more in changes[now]:
            down[node] += more
        if stopped is None and not any(down[node] for node in held):
            continue
        stopped = now if stopped is None else stopped
        healthy = [node for node in range(of) if not down[node]]
        if len(healthy) >= nodes:
            kept = held.intersection(healthy)
            held = kept.union([node for node in healthy if node not in kept][: nodes - len(kept)])
            yield stopped, now
            stopped = None
    if stopped is not None:
        yield stopped, inf


def _spent(outages: Sequence[tuple[float, float]], seconds: float, plan: Checkpoints) -> Effective:
    """Return where time goes. outages: (stop, from when the restart goes on), rising, none inside another."""
    if not (isfinite(seconds) and seconds > 0):
        raise InputError(f"run: must last longer than 0 s, got {seconds!r}")
    spent = dict.fromkeys(("useful", "writing", "lost", "restarting", "waiting"), 0.0)
    works_from, stops = 0.0, [one for one in outages if one[0] < seconds]
    for stop, there in stops:
        if stop > works_from:
            _work(spent, stop - works_from, plan, ended=False)
        else:
            spent["restarting"] -= works_from - stop  # this restart was cut short
        waited = min(there, seconds) - stop
        spent["waiting"] += waited
        spent["restarting"] += plan.restart
        works_from = stop + waited + plan.restart
    if works_from < seconds:
        _work(spent, seconds - works_from, plan, ended=True)
    else:
        spent["restarting"] -= works_from - seconds
    return Effective(seconds=seconds, stops=len(stops), **spent)


def _work(spent: dict[str, float], seconds: float, plan: Checkpoints, *, ended: bool) -> None:
    """Add a stretch of work: whole segments are kept; what came after the last is lost, or useful where the run ends."""
    whole, rest = divmod(seconds, plan.interval + plan.write)
    spent["useful"] += whole * plan.interval
    spent["writing"] += whole * plan.write
    if not ended:
        spent["lost"] += rest
        return
    spent["useful"] += min(rest, plan.interval)
    spent["writing"] += max(0.0, rest - plan.interval)
