"""A step with one thing faster: the network, the scale-up links, the memory or the arithmetic, to see what that gains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fabric.network.fabric import Fabric
from fabric.predict.constants import Constants
from fabric.workload.calibrate import StepScale
from fabric.workload.costs import Costs, Faster
from fabric.workload.device import DeviceRates, device_of
from fabric.workload.step import TrainingStep
from fabric.workload.training import training_step

FACTOR = 2.0


@dataclass(frozen=True)
class Changed:
    """A step with one thing changed. name: what was; factor: seconds before / after."""

    name: str
    seconds: float
    factor: float


def sensitivity(
    step: TrainingStep, fabric: Fabric, constants: Constants | None = None, scale: StepScale | None = None
) -> list[Changed]:
    """Return what each change alone makes of a step, the one that gains most first. scale: that the step was scaled by.

    Twice the network: every link between nodes and the NICs, the library keeping up. Twice the memory's rate and twice the
    peak: of the device; latencies, host time and efficiencies stay.
    """
    rates = device_of(fabric)
    again = _again(step, fabric, constants, rates)
    found = [_changed(step, name, one if scale is None else scale.applied(one)) for name, one in again]
    return sorted(found, key=lambda one: -one.factor)


def _changed(step: TrainingStep, name: str, again: TrainingStep) -> Changed:
    return Changed(f"{FACTOR:g} x {name}", again.seconds, step.seconds / again.seconds)


def _again(
    step: TrainingStep, fabric: Fabric, constants: Constants | None, rates: DeviceRates
) -> Iterator[tuple[str, TrainingStep]]:
    """Yield every change with the step that it gives."""
    links: Mapping[str, Faster] = {"network speed": Faster(network=FACTOR), "scale-up speed": Faster(scale_up=FACTOR)}
    for name, faster in links.items():
        yield name, _step(step, fabric, Costs(fabric, constants, step.ranks, faster=faster), rates)
    costs = Costs(fabric, constants, step.ranks)
    yield "memory rate", _step(step, fabric, costs, replace(rates, memory_rate=FACTOR * rates.memory_rate))
    higher = replace(rates, bf16=FACTOR * rates.bf16, fp8=None if rates.fp8 is None else FACTOR * rates.fp8)
    yield "peak", _step(step, fabric, costs, higher)


def _step(step: TrainingStep, fabric: Fabric, costs: Costs, rates: DeviceRates) -> TrainingStep:
    return training_step(step.model, step.plan, fabric, batch=step.batch, seq=step.sequence, costs=costs, device=rates)
