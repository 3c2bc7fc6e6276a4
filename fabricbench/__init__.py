"""The Python API: everything that docs/python.md documents, loaded when it is first used. It works nothing out itself.

Example:
    import fabricbench as fb

    fabric = fb.load("fat_tree:k=8")
    print(fb.predict(fb.cases(fabric, "all_reduce", sizes="64MiB", ranks=[8, 128]), fabric).rows())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.answers.ask import load
    from fabric.answers.bound import bound
    from fabric.answers.hardware import hardware
    from fabric.answers.judge import judge
    from fabric.answers.predict import predict
    from fabric.answers.throughput import throughput
    from fabric.errors import EnvironmentFault
    from fabric.network.fabric import Fabric, Level
    from fabric.predict.constants import NONE, Constants
    from fabric.records.case import Case
    from fabric.records.prediction import Prediction
    from fabric.records.result import Result
    from fabricbench.designs import equivalent, review, search
    from fabricbench.fleets import fleet_audit, fleet_place, fleet_run, fleet_trace
    from fabricbench.models import scale_training, serving, training
    from fabricbench.questions import cases, constants, failures, flows, jobs, scale, stress
    from fabricbench.results import calibrate, compare, read_results, report
    from fabricbench.shown import chart, table
    from fabricbench.started import gate, measure, slow
    from fabricbench.wirings import audit, build, read, show, write
    from topologies.base import Topology
    from topologies.errors import InputError

_HOMES = {
    "Answer": "fabric.answers.answer",
    "Case": "fabric.records.case",
    "Constants": "fabric.predict.constants",
    "EnvironmentFault": "fabric.errors",
    "Fabric": "fabric.network.fabric",
    "InputError": "topologies.errors",
    "Level": "fabric.network.fabric",
    "NONE": "fabric.predict.constants",
    "Prediction": "fabric.records.prediction",
    "Result": "fabric.records.result",
    "Topology": "topologies.base",
    "audit": "fabricbench.wirings",
    "bound": "fabric.answers.bound",
    "build": "fabricbench.wirings",
    "calibrate": "fabricbench.results",
    "cases": "fabricbench.questions",
    "chart": "fabricbench.shown",
    "compare": "fabricbench.results",
    "constants": "fabricbench.questions",
    "equivalent": "fabricbench.designs",
    "failures": "fabricbench.questions",
    "fleet_audit": "fabricbench.fleets",
    "fleet_place": "fabricbench.fleets",
    "fleet_run": "fabricbench.fleets",
    "fleet_trace": "fabricbench.fleets",
    "flows": "fabricbench.questions",
    "gate": "fabricbench.started",
    "hardware": "fabric.answers.hardware",
    "jobs": "fabricbench.questions",
    "judge": "fabric.answers.judge",
    "load": "fabric.answers.ask",
    "measure": "fabricbench.started",
    "predict": "fabric.answers.predict",
    "read": "fabricbench.wirings",
    "read_results": "fabricbench.results",
    "report": "fabricbench.results",
    "review": "fabricbench.designs",
    "scale": "fabricbench.questions",
    "scale_training": "fabricbench.models",
    "search": "fabricbench.designs",
    "serving": "fabricbench.models",
    "show": "fabricbench.wirings",
    "slow": "fabricbench.started",
    "stress": "fabricbench.questions",
    "table": "fabricbench.shown",
    "throughput": "fabric.answers.throughput",
    "training": "fabricbench.models",
    "write": "fabricbench.wirings",
}
"""Name -> the module it is loaded from."""

__all__ = [
    "NONE",
    "Answer",
    "Case",
    "Constants",
    "EnvironmentFault",
    "Fabric",
    "InputError",
    "Level",
    "Prediction",
    "Result",
    "Topology",
    "audit",
    "bound",
    "build",
    "calibrate",
    "cases",
    "chart",
    "compare",
    "constants",
    "equivalent",
    "failures",
    "fleet_audit",
    "fleet_place",
    "fleet_run",
    "fleet_trace",
    "flows",
    "gate",
    "hardware",
    "jobs",
    "judge",
    "load",
    "measure",
    "predict",
    "read",
    "read_results",
    "report",
    "review",
    "scale",
    "scale_training",
    "search",
    "serving",
    "show",
    "slow",
    "stress",
    "table",
    "throughput",
    "training",
    "write",
]


def __getattr__(name: str) -> Any:
    """Return one of the names above, loading the module that it lives in.

    Raises:
        ImportError: another package called `fabric` or `topologies` hides ours.
        AttributeError: no such name.
    """
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"fabricbench has no {name!r}; it has {', '.join(sorted(__all__))}")
    from importlib import import_module

    from fabricbench.entry import hidden

    line = hidden()
    if line is not None:
        raise ImportError(line)
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the names above."""
    return sorted(__all__)
