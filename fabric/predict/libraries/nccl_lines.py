"""NCCL as constants: those that make our schedule take the time of NCCL's own model, or of NCCL's messages. It fits nothing.

NCCL's latency is spread evenly over the messages that our schedule sends one after the other. Bytes are slowed so that the
busiest link between a device and a switch is busy for NCCL's bytes / bandwidth, on the scale-up level and on the NICs' alike.
Levels between switches keep the fabric's own speed, so that contention is still the fabric's. A schedule that NCCL has not is
messages, each by the protocol (LL, LL128, Simple) that is fastest for its size. It never sees a Fabric.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Schedule
from fabric.predict.change import Change
from fabric.predict.constants import ANY_LEVEL, Constants, Line
from fabric.predict.libraries.nccl import Choice
from fabric.predict.libraries.nccl_constants import HARDWARE_LATENCY, NVLS_EFFICIENCY
from fabric.predict.libraries.nccl_hardware import Hardware, nvls_graph
from topologies.base import SCALE_UP

LL128_SHARE = 0.92
"""Share of a ring's bandwidth that LL128 reaches (120 of 128 bytes, and its overhead), as tuning.cc has it."""
MESSAGE_SOURCE = "NVIDIA/nccl 2.30.7, src/graph/tuning.cc: latency and bandwidth of a ring step on {hardware}, by protocol"
SOURCE = "NVIDIA/nccl 2.30.7, src/graph/tuning.cc, predicted choice {choice} with {protocol} on {hardware}"


@dataclass(frozen=True, eq=False)
class Passing:
    """What a schedule sends through the links between devices and switches, by the name of their level, and how far.

    steps: bytes of each step, all its repeats, through the busiest link of that step (steps,). whole: their sum, or with
    chunks, whose stages overlap, the bytes of all chunks through the busiest link of them all. own: seconds per byte of the
    busiest link, as the fabric has it. port: bytes per second of the slowest device, all its links together. routes:
    seconds of the slowest way that stays on the scale-up level, and of the slowest other one.
    """

    steps: Mapping[str, NDArray[np.float64]]
    whole: Mapping[str, float]
    own: Mapping[str, float]
    port: Mapping[str, float]
    routes: tuple[float, float]


def nccl_constants(choice: Choice, hardware: str, schedule: Schedule, passing: Passing) -> Constants:
    """Return the constants with which this one schedule takes the choice's seconds where only devices' own links limit it.

    A beta is never below that of the fabric's own link: a fabric slower than NCCL's hardware stays slower. The way's latency
    is taken off alpha, since predictions add it and NCCL's latencies hold the wire already.
    """
    moving = choice.seconds - choice.latency
    wanted = {level: moving / nbytes for level, nbytes in passing.whole.items() if nbytes > 0}
    spent = np.max([wanted[level] * passing.steps[level] for level in wanted], axis=0, initial=0.0)
    steps = np.broadcast_to(spent, (len(schedule.steps),))
    first, slowest = float(steps.sum()), float(max((steps[stage].sum() for stage in _stages(schedule)), default=0.0))
    rest, period = schedule.chunks - 1, moving / schedule.chunks
    total = first + rest * max(slowest, period)
    scale = moving / total if total else 1.0
    alpha = _alpha(choice, schedule, scale * first, scale * slowest, scale * period)
    betas = {level: max(scale * beta, passing.own[level]) for level, beta in wanted.items()}
    lines = {level: (Line(alpha - passing.routes[level != SCALE_UP], beta),) for level, beta in betas.items()}
    lines = {SCALE_UP: (Line(alpha - passing.routes[0]),), ANY_LEVEL: (Line(alpha - passing.routes[1]),), **lines}
    source = SOURCE.format(choice=choice.algorithm, protocol=choice.protocol, hardware=hardware)
    return Constants(f"nccl:{hardware}", lines, source, backend="nccl", fitted_bytes=())


def message_constants(
    hardware: Hardware, nodes: int, per_node: int, passing: Passing, change: Change, *, switched: bool = False
) -> Constants:
    """Return the constants of NCCL's messages on each level: what a schedule costs that NCCL itself does not have.

    Per protocol: alpha is the hardware latency of a ring step (the way's latency is taken off, since predictions add it);
    beta that of the device's port, not faster than NCCL's hardware: with LL twice it (at least NCCL's limit of LL), with
    LL128 1/0.92 of it, with Simple itself. Links between switches keep the fabric's speed. switched: switches inside nodes add
    and copy, at the latency and the efficiency of NVLS.
    """
    ports = {level: port for level, port in passing.port.items() if level != SCALE_UP}
    nic = min(1e9 * min(hardware.nic, hardware.pcie) / change.byte, *ports.values(), float("inf"))
    nvlink = min(1e9 * hardware.nvlink / change.byte, passing.port.get(SCALE_UP, float("inf")))
    limits = hardware.ll_limit(1), hardware.ll_limit(max(2, nodes)) / max(1, per_node)
    inside = _protocols("nvlink", nvlink, 1e9 * limits[0] / change.byte, passing.routes[0], change, ll128=hardware.ll128)
    if switched:
        inside = (_nvls(hardware, nodes, per_node, passing, change),)
    outside = _protocols("network", nic, 1e9 * limits[1] / change.byte, passing.routes[1], change, ll128=hardware.ll128)
    lines = {level: _per_link(outside, passing, level) for level in (ANY_LEVEL, *ports)}
    lines[SCALE_UP] = _per_link(inside, passing, SCALE_UP)
    source = MESSAGE_SOURCE.format(hardware=hardware.name)
    return Constants(f"nccl:{hardware.name}", lines, source, backend="nccl", fitted_bytes=())


def _protocols(kind: str, port: float, ll_limit: float, route: float, change: Change, *, ll128: bool) -> tuple[Line, ...]:
    """Return a line per protocol, each up to the message from which the next is faster; port, ll_limit: bytes per second."""
    latency = HARDWARE_LATENCY[kind]["ring"]
    beta = {"LL": max(2 / port, 1 / ll_limit), "LL128": 1 / (LL128_SHARE * port), "Simple": 1 / port}
    beta = beta if ll128 else {name: one for name, one in beta.items() if name != "LL128"}
    alpha = {name: 1e-6 * latency[name] * change.message for name in beta}
    borders = [(alpha[b] - alpha[a]) / (beta[a] - beta[b]) for a, b in pairwise(beta)]
    return tuple(Line(alpha[name] - route, beta[name], most) for name, most in zip(beta, [*borders, None], strict=True))


def _nvls(hardware: Hardware, nodes: int, per_node: int, passing: Passing, change: Change) -> Line:
    """Return the line of one half of NVLS: every device to the switches, or back."""
    channels = nvls_graph(hardware, nodes, per_node)
    rate = 1e9 * channels.count * channels.inside * NVLS_EFFICIENCY[hardware.architecture] / change.byte
    latency = 1e-6 * HARDWARE_LATENCY["nvlink"]["nvls"]["Simple"] / 2 * change.message
    return Line(latency - passing.routes[0], 1 / min(rate, passing.port.get(SCALE_UP, rate)))


def _per_link(lines: tuple[Line, ...], passing: Passing, level: str) -> tuple[Line, ...]:
    """Return the lines with the beta of one of a device's links, which share its port; without one where links are others'."""
    if level not in passing.own:
        return tuple(replace(line, beta=None) for line in lines)
    links = passing.own[level] * passing.port[level]
    return tuple(replace(line, beta=(line.beta or 0.0) * links) for line in lines)


def _alpha(choice: Choice, schedule: Schedule, first: float, slowest: float, period: float) -> float:
    """Return seconds per message that bring the schedule to the choice's seconds.

    first, slowest, period: seconds in which the bytes of a chunk pass all stages, the slowest one, and the busiest link.
    Without chunks all messages pay. With chunks a further one takes the longer of the period and the slowest stage with its
    alpha: where the period is longer, alpha is paid for the first chunk alone.
    """
    messages, rest = sum(step.repeats for step in schedule.steps), schedule.chunks - 1
    hidden = choice.latency / messages
    if not rest or hidden + slowest <= period:
        return hidden
    in_stage = max(sum(step.repeats for step in schedule.steps[stage]) for stage in _stages(schedule))
    return (choice.seconds - first - rest * slowest) / (messages + rest * in_stage)


def _stages(schedule: Schedule) -> list[slice]:
    """Return the steps of every stage."""
    ends = np.cumsum([0, *(schedule.stages or (len(schedule.steps),))]).tolist()
    return [slice(low, high) for low, high in pairwise(ends)]
