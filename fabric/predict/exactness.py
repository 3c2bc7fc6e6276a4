"""Which fidelity is exact for a case, the cheapest first, and why. It gives no time itself.

closed: the loaded model is exact, one switch joins all ranks and every rank has a port of its own.
loaded: (a) one step with one common start, equal messages, equal latencies: the fullest link decides; (b) every rank sends
and receives in every step, and all messages of a step take equally long because each crosses a fullest link: ranks stay in
step; (c) one pattern of equal messages repeated, each at the speed of its own way's slowest link even if all move at once:
no message ever delays another, and the ranks of the slowest message set the pace (slowest in latency and in bytes).
flows: everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabric.collectives.schedule import Schedule, Step
from fabric.network.placement import spread
from fabric.network.routing.policies import read_policy
from fabric.network.routing.route import ways
from fabric.network.routing.ways import Ways
from fabric.predict.closed import FORMS
from fabric.predict.flows.simulate import is_paced
from fabric.predict.model import Model
from fabric.predict.timed import fixed_of, one_speed, program_of
from fabric.predict.work import messages_of
from fabric.records.case import Case

EQUAL = 1e-9
"""Relative difference below which seconds or loads are one."""
MOST_LISTED = 1_000_000
"""Messages of all different steps, repeats not counted, up to which a proof is looked for."""
MOST_MESSAGES = {"one pattern": 500_000, "several": 30_000}
"""Messages, repeats counted, up to which `auto` simulates what collides (some 10 s); beyond, it answers `loaded`, saying so."""


@dataclass(frozen=True)
class Choice:
    """A fidelity and the reason for it; exact says whether it is exact for the case."""

    fidelity: str
    reason: str
    exact: bool = True


def choose(model: Model, case: Case, algorithm: str, schedule: Schedule) -> Choice:
    """Return the cheapest fidelity that is exact for a case, or `loaded` with the reason why it is not."""
    if case.world_size < 2 or not schedule.steps:
        return Choice("closed", "one rank sends nothing")
    mixed = read_policy(model.routing).mixed
    if schedule.switches or schedule.chunks > 1 or mixed:
        return _not_simulated(schedule, mixed=mixed)
    reason = _why_loaded(model, case, schedule)
    if reason:
        closed = _one_switch(model, case, algorithm)
        return Choice("closed", f"one switch joins all ranks; {reason}") if closed else Choice("loaded", reason)
    if not one_speed(model, case, schedule):
        return Choice("loaded", "the library's speed changes with the size of the steps' messages: not simulated", exact=False)
    messages = sum(step.repeats * messages_of(step) for step in schedule.steps)
    patterns = _patterns(schedule)
    most = MOST_MESSAGES["one pattern" if len(patterns) == 1 else "several"]
    if messages > most and (_listed(patterns) > MOST_LISTED or not is_paced(program_of(model, case, schedule))):
        return Choice("loaded", f"ranks fall out of step; {messages:,} messages are too many to simulate unasked", exact=False)
    return Choice("flows", "messages of one step take unequally long, so that ranks fall out of step")


def _not_simulated(schedule: Schedule, *, mixed: bool) -> Choice:
    """Return the choice for what only the loaded model knows. mixed: routed in shares over detours."""
    if mixed:
        return Choice("loaded", "messages are shared out over all detours, a step at a time: not simulated", exact=False)
    if schedule.chunks > 1:
        return Choice("loaded", "pipelined in chunks: steady state of the slowest stage, not simulated", exact=False)
    return Choice("loaded", "switches add and copy: not simulated, every link's bytes are known", exact=False)


def _listed(patterns: list[Step]) -> int:
    return sum(messages_of(step) for step in patterns)


def _one_switch(model: Model, case: Case, algorithm: str) -> bool:
    """Return whether a closed form is exact: a form without parameters, one line, one switch, equal ports, one rank each."""
    found, devices, topology = model.algorithm(case, algorithm), model.devices(case), model.fabric.topology
    lines = [lines for lines in model.constants.lines.values() if len(lines) > 1]
    used = np.zeros(topology.vertices, dtype=bool)
    used[devices] = True
    if found.params or lines or found.name not in FORMS.get(case.collective, {}) or used.sum() < len(devices):
        return False
    nodes = spread(topology, devices)[0]
    inside = topology.scale_up_level >= 0 and nodes == 1
    if topology.scale_up_level >= 0 and nodes not in (1, len(devices)):
        return False
    chosen = (topology.level == topology.scale_up_level) == inside
    own = np.flatnonzero(chosen & used[topology.ends[:, 0]])
    if len(own) != len(devices):
        return False
    switches, speeds = topology.ends[own, 1], model.fabric.link_speed[::2][own]
    return bool(switches.min() == switches.max() >= topology.devices and speeds.min() == speeds.max())


def _why_loaded(model: Model, case: Case, schedule: Schedule) -> str:
    """Return why the loaded model is exact, or nothing where it is not."""
    patterns = _patterns(schedule)
    if any(step.active is not None or _unequal(step) for step in schedule.steps):
        return ""
    everyone = all(_everyone(step, case.world_size) for step in patterns)
    if (len(patterns) > 1 and not everyone) or _listed(patterns) > MOST_LISTED:
        return ""
    first = _in_step(model, case, patterns[0])
    if schedule.messages == 1 and first.same_start:
        return "one step with one common start: the fullest link decides"
    if everyone and first.together and all(_in_step(model, case, step).together for step in patterns[1:]):
        return "all messages of a step take equally long, and every rank takes part in every step"
    paced = len(patterns) == 1 and first.uncoupled
    return "one pattern repeated, in which no message slows another: the slowest sets the pace" if paced else ""


def _unequal(step: Step) -> bool:
    return step.scale is not None and bool(np.ptp(step.scale) > EQUAL)


def _patterns(schedule: Schedule) -> list[Step]:
    """Return the steps with different sources or targets."""
    found: dict[bytes, Step] = {}
    for step in schedule.steps:
        found.setdefault(step.source.tobytes() + step.target.tobytes(), step)
    return list(found.values())


def _everyone(step: Step, world_size: int) -> bool:
    """Return whether every rank sends the same number of messages, and receives it."""
    if step.complete:
        return len(step.source) == len(step.target) == world_size
    sent, received = (np.bincount(ends, minlength=world_size) for ends in (step.source, step.target))
    return bool((sent == sent[0]).all() and (received == sent[0]).all())


@dataclass(frozen=True)
class _InStep:
    """same_start: equal seconds before the bytes. together: all end together.

    uncoupled: none slows another, and one of them is the slowest both before its bytes and with them.
    """

    same_start: bool
    together: bool
    uncoupled: bool


def _in_step(model: Model, case: Case, step: Step) -> _InStep:
    """Return what the loads of one step say."""
    devices = model.devices(case)
    source, target = step.pairs()
    routed = ways(model.fabric, devices[source], devices[target], model.routing)
    fixed = fixed_of(model, routed, float(step.share * case.nbytes))
    same_start = bool(np.ptp(fixed) <= EQUAL * max(float(fixed.max(initial=0.0)), 1e-12))
    full, alone = _extremes(routed)
    together = same_start and bool((full >= full.max(initial=0.0) * (1 - EQUAL)).all())
    paces = (fixed >= fixed.max(initial=0.0) * (1 - EQUAL)) & (alone >= alone.max(initial=0.0) * (1 - EQUAL))
    return _InStep(same_start, together, bool(paces.any()) and _fits(routed, 1 / np.maximum(alone, 1e-300)))


def _extremes(routed: Ways) -> tuple[np.ndarray, np.ndarray]:
    """Return per message the seconds per byte of the fullest link on its way with all messages, and with itself alone."""
    paths = routed.paths
    share = np.ones(len(paths.links)) if routed.share is None else routed.share
    load = np.bincount(paths.links, share, minlength=len(routed.capacity)) / routed.capacity
    full, alone = np.zeros(len(paths.hops)), np.zeros(len(paths.hops))
    np.maximum.at(full, paths.flow, load[paths.links])
    np.maximum.at(alone, paths.flow, share / routed.capacity[paths.links])
    return full, alone


def _fits(routed: Ways, rate: np.ndarray) -> bool:
    """Return whether all messages at these rates fit every link."""
    paths = routed.paths
    used = rate[paths.flow] * (1.0 if routed.share is None else routed.share)
    sums = np.bincount(paths.links, used, minlength=len(routed.capacity))
    return bool((sums <= routed.capacity * (1 + EQUAL)).all())
