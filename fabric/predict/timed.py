"""The flows model of a collective: its schedule as programs of messages over shared links. It knows no solver's inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fabric.collectives.schedule import Schedule, Step
from fabric.network.routing.route import ways
from fabric.network.routing.ways import Floats, Ways
from fabric.predict.flows.simulate import Outcome, Phase, Program, simulate
from fabric.predict.loaded import Span
from fabric.predict.model import Model
from fabric.predict.work import check_memory, in_time
from fabric.records.case import Case
from fabric.records.prediction import LATENCY
from topologies.errors import InputError

WIDE = 1e6
"""How much wider than they are links are taken to be where they shall not limit."""


class NotSimulated(InputError):
    """A schedule that the flows do not simulate, which a caller may time otherwise."""


@dataclass(frozen=True)
class Timed:
    """Seconds until the last rank is done, the level and the link that was full longest; spans where a trace was asked for.

    level is `latency` where no link was full for half of the time.
    """

    seconds: float
    level: str
    link: int
    spans: tuple[Span, ...] = ()


def timed(model: Model, case: Case, schedule: Schedule, *, trace: bool = False) -> Timed:
    """Return what the flows model says of one case alone on the fabric.

    Raises:
        InputError: a schedule in chunks or with switches that add, which are not simulated.
    """
    outcome = simulate([program_of(model, case, schedule)], trace=trace, watch=in_time(model.watch, force=model.force))
    return read_outcome(model, outcome, outcome.seconds[0])


def uncongested(model: Model, case: Case, schedule: Schedule) -> float:
    """Return the seconds of the same messages where only links that end at a device limit them."""
    topology = model.fabric.topology
    program = program_of(model, case, schedule)

    def widened(phase: Phase) -> Phase:
        own = topology.ends[phase.ways.link // 2].min(axis=1) < topology.devices
        capacity = np.where(own, phase.ways.capacity, phase.ways.capacity * WIDE)
        return replace(phase, ways=replace(phase.ways, capacity=capacity))

    wide = replace(program, phases=[widened(phase) for phase in program.phases])
    return simulate([wide], watch=in_time(model.watch, force=model.force)).seconds[0]


def read_outcome(model: Model, outcome: Outcome, seconds: float) -> Timed:
    """Return an outcome in the words of the other fidelities."""
    topology, link = model.fabric.topology, outcome.link
    busy = link >= 0 and outcome.full_seconds >= seconds / 2
    spans = tuple(
        Span(
            n,
            s.start,
            s.end - s.start,
            1,
            topology.levels[topology.level[s.link // 2]] if s.link >= 0 else LATENCY,
            s.link,
            s.full,
        )
        for n, s in enumerate(outcome.trace)
    )
    return Timed(seconds, topology.levels[topology.level[link // 2]] if busy else LATENCY, link if busy else -1, spans)


def program_of(model: Model, case: Case, schedule: Schedule, start: float = 0.0) -> Program:
    """Return a case as a program of messages between its ranks.

    Raises:
        NotSimulated: a schedule in chunks or with switches that add, or one that the library moves at several speeds.
    """
    if schedule.chunks > 1 or schedule.switches:
        what = "chunks in stages" if schedule.chunks > 1 else "switches that add up"
        raise NotSimulated(f"fidelity: flows does not simulate {schedule.algorithm} with {what}; use loaded or auto")
    if not one_speed(model, case, schedule):
        what = "constants whose speed changes with the size of its steps' messages"
        raise NotSimulated(f"fidelity: flows does not simulate {schedule.algorithm} with {what}; use loaded or auto")
    check_memory([schedule], force=model.force)
    known: dict[bytes, Ways] = {}
    phases = [_phase(model, case, step, known) for step in schedule.steps]
    return Program(case.world_size, phases, start)


def one_speed(model: Model, case: Case, schedule: Schedule) -> bool:
    """Return whether the library moves the bytes of all steps at the same speed on every level: a link has one capacity."""
    sizes = {float(step.share * case.nbytes) for step in schedule.steps}
    levels = model.fabric.topology.levels
    return all(len({model.constants.line(level, size).beta for size in sizes}) <= 1 for level in levels)


def _phase(model: Model, case: Case, step: Step, known: dict[bytes, Ways]) -> Phase:
    source, target = step.pairs()
    key = source.tobytes() + target.tobytes()
    if key not in known:
        devices = model.devices(case)
        known[key] = ways(model.fabric, devices[source], devices[target], model.routing).trimmed()
    largest = float(step.share * case.nbytes)
    scale: Floats | float = 1.0 if step.scale is None else step.scale
    fixed = alphas(model, known[key], largest)
    if step.reduces and model.constants.gamma:
        received = np.bincount(target, None if step.scale is None else step.scale)
        fixed = fixed + model.constants.gamma * largest * received[target]
    routed = _at_library_speed(model, known[key], largest)
    before = fixed + routed.latency
    nbytes = largest * scale * _kept(before, routed, largest)
    routed = replace(routed, latency=np.maximum(before, 0.0))
    return Phase(source.astype(np.int64), target.astype(np.int64), routed, nbytes, 0.0, step.repeats, step.active)


def _kept(before: Floats, routed: Ways, message: float) -> Floats | float:
    """Return the share of every message's bytes that is left where the step's line starts below zero, as step_time() has it.

    One message below zero beside another above it only has the shorter way: the line holds for the longest.
    """
    if not message or not len(before) or before.max() >= 0:
        return 1.0
    slowest = np.zeros(len(before))
    np.maximum.at(slowest, routed.paths.flow, 1 / routed.capacity[routed.paths.links])
    seconds = message * slowest
    less = np.divide(np.minimum(before, 0.0), seconds, out=np.zeros(len(before)), where=seconds > 0)
    return np.asarray(np.maximum(1.0 + less, 0.0))


def alphas(model: Model, routed: Ways, message: float) -> Floats:
    """Return per message the largest alpha of the levels that it crosses, 0 for a message that crosses none."""
    topology, paths = model.fabric.topology, routed.paths
    by_level = np.array([model.constants.line(level, message).alpha for level in topology.levels])
    found = np.full(len(paths.hops), -np.inf)
    np.maximum.at(found, paths.flow, by_level[topology.level[routed.link[paths.links] // 2]])
    return np.where(np.isneginf(found), 0.0, found)


def fixed_of(model: Model, routed: Ways, message: float) -> Floats:
    """Return per message the seconds before its bytes: alpha and the latency of its way."""
    return alphas(model, routed, message) + routed.latency


def _at_library_speed(model: Model, routed: Ways, message: float) -> Ways:
    """Return the ways with the library's own speed on levels for which its constants have one.

    A line with a beta of 0 is flat: its time is in its alpha, and its bytes must not take the fabric's speed besides.
    """
    topology = model.fabric.topology
    betas: Sequence[float | None] = [model.constants.line(level, message).beta for level in topology.levels]
    if all(beta is None for beta in betas):
        return routed
    speed = model.fabric.link_speed[routed.link]
    level = topology.level[routed.link // 2]
    own = np.array([1 / beta if beta else np.nan for beta in betas])[level]
    flat = np.array([beta == 0 for beta in betas])[level]
    times = np.where(flat, WIDE, np.where(np.isnan(own), 1.0, own / speed))
    return replace(routed, capacity=routed.capacity * times)
