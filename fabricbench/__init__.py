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
    from fabric.answers.ask import cases, constants, failures, load
    from fabric.answers.predict import predict
    from fabric.answers.shown import chart, table
    from fabric.errors import EnvironmentFault
    from fabric.network.fabric import Fabric, Level
    from fabric.predict.constants import NONE, Constants
    from fabric.records.case import Case
    from fabric.records.prediction import Prediction
    from fabric.records.result import Result
    from topologies.base import Topology
    from topologies.errors import InputError

_HOMES = {
    "load": "fabric.answers.ask",
    "cases": "fabric.answers.ask",
    "constants": "fabric.answers.ask",
    "failures": "fabric.answers.ask",
    "predict": "fabric.answers.predict",
    "chart": "fabric.answers.shown",
    "table": "fabric.answers.shown",
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
}
"""Name -> the module it is loaded from; where it is called otherwise there, `module:name`."""

__all__ = [
    "NONE", "Answer", "Case", "Constants", "EnvironmentFault", "Fabric", "InputError", "Level", "Prediction", "Result",
    "Topology", "cases", "chart", "constants", "failures", "load", "predict", "table",
]  # fmt: skip


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
    module, _, own = home.partition(":")
    found = getattr(import_module(module), own or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the names above."""
    return sorted(__all__)
