"""Every schema by name: of each object that --json prints, and of the files that are read. It imports one when it is asked for.

A new verb is one line: the module holds `VIEW`, or `VIEWS` where rows come in several forms; a file's module has `schema()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from fabric.answers.answer import DRAFT, TEXT, Answer, Column, Row, View
from topologies.errors import InputError
from topologies.guess import did_you_mean

SCHEMAS: Mapping[str, str] = {
    "show": "fabric.answers.show",
    "build": "fabric.answers.build",
    "bound": "fabric.answers.bound",
    "predict": "fabric.answers.predict",
    "trace": "fabric.answers.trace",
    "measure": "fabric.answers.measure",
    "slow": "fabric.answers.slow",
    "launch": "fabric.answers.launch",
    "import": "fabric.answers.imports",
    "calibrate": "fabric.answers.calibrate",
    "compare": "fabric.answers.compare",
    "judge": "fabric.answers.judge",
    "gate": "fabric.answers.gate",
    "scale": "fabric.answers.scale",
    "training": "fabric.answers.training_view",
    "scale-training": "fabric.answers.training_scale",
    "serving": "fabric.answers.serving",
    "report": "fabric.answers.report",
    "jobs": "fabric.answers.jobs",
    "stress": "fabric.answers.stress",
    "flows": "fabric.answers.flows",
    "throughput": "fabric.answers.throughput",
    "read": "fabric.answers.read",
    "write": "fabric.answers.read",
    "audit": "fabric.answers.audit",
    "twin": "fabric.answers.twin",
    "twin-what-if": "fabric.answers.twin",
    "review": "fabric.answers.review",
    "review-search": "fabric.answers.search",
    "fleet-run": "fabric.answers.fleet_run",
    "fleet-place": "fabric.answers.fleet_place",
    "fleet-trace": "fabric.answers.fleet_trace",
    "fleet-audit": "fabric.answers.fleet_audit",
    "doctor": "fabric.answers.doctor",
    "hardware": "fabric.answers.hardware",
    "hardware-names": "fabric.answers.hardware",
    "equivalent": "fabric.answers.equivalent",
    "schema": "fabric.answers.catalog",
}
"""Object of --json -> the module with its columns."""
FILES: Mapping[str, tuple[str, str]] = {
    "result": ("fabric.records.store", "one line of a results file"),
    "constants": ("fabric.predict.constants", "file that calibrate writes"),
    "fabric": ("fabric.network.spec", "YAML of a fabric"),
    "run": ("fabric.measure.cells.run_file", "YAML of a run that measure takes"),
    "review-request": ("fabric.review.request", "YAML of a review"),
    "fleet": ("fabric.fleet.fleet_file", "YAML of a fleet"),
}
"""Kind of file -> the module with its `schema()`, and what it is."""
PRINTED = {
    "scale-training": "what scale --model --json prints",
    "bound": "what bound() returns",
    "review": "what review run --json prints",
    "review-search": "what review search --json prints",
    "fleet-run": "what fleet run --json prints",
    "fleet-trace": "what fleet trace --json prints",
    "fleet-place": "what fleet place --json prints",
    "fleet-audit": "what fleet audit --json prints",
    "twin": "what twin run --json prints",
    "twin-what-if": "what twin what-if --json prints",
}
"""Object -> what it describes, where its name is no verb's."""
VIEW = View(
    "schema",
    (
        Column("name", TEXT, "to ask for it by", head="name"),
        Column("of", TEXT, "what it describes", head="of"),
    ),
)


def schema(name: str) -> Row:
    """Return the JSON Schema of a name: of what `VERB --json` prints, or of one kind of file.

    Raises:
        InputError: no such name.
    """
    if name in FILES:
        return {"$schema": DRAFT, **import_module(FILES[name][0]).schema()}
    if name not in SCHEMAS:
        known = [*SCHEMAS, *FILES]
        raise InputError(f"name: must be one of {', '.join(known)}, got {name!r}{did_you_mean(name, known)}")
    made = [view.schema() for view in views(name)]
    return made[0] if len(made) == 1 else {"$schema": DRAFT, "title": made[0]["title"], "anyOf": [_inner(one) for one in made]}


def _inner(made: Row) -> Row:
    return {key: value for key, value in made.items() if key != "$schema"}


def views(name: str) -> list[View]:
    """Return the views of an object that --json prints, several where its rows come in several forms."""
    module: Any = import_module(SCHEMAS[name])
    return [view for view in getattr(module, "VIEWS", None) or (module.VIEW,) if view.name == name]


def schemas() -> Answer[Row]:
    """Return every name and what its schema describes; none of them is imported for it."""
    objects = [{"name": name, "of": PRINTED.get(name, f"what {name} --json prints")} for name in SCHEMAS]
    return Answer(VIEW, (*objects, *({"name": name, "of": what} for name, (_, what) in FILES.items())))
