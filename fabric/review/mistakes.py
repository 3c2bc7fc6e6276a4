"""What pydantic finds wrong in a review's file, as one line: the key, the rule, the value. It knows no value's meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from topologies.guess import did_you_mean

RULES = {
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "too_short": "must have at least {min_length}",
}
"""Kind of pydantic's finding -> the rule, with its own numbers."""
EXAMPLES = {
    "limits.power": "watts, 2e6 for 2 MW, or 2MW",
    "limits.budget": "USD, such as 4e8",
    "limits.efficiency": "a share, such as 0.95",
    "step.compute": "seconds, such as 0.5",
    "step.overlap": "a share, such as 0.5",
    "orders": "such as [contiguous]",
    "failing.links": "such as [1, 10, 100]",
    "failing.host_links": "such as [1, 10]",
    "failing.switches": "such as [1, 5]",
    "failing.racks": "such as [1, 4]",
    "candidates": "each with name and topo",
    "cases": "each with collective and size",
    "rates": "such as {CNY: 0.14}",
}
"""Key -> what would be right."""


def line_of(error: ValidationError, root: type[BaseModel], content: Mapping[str, Any]) -> str:
    """Return the first finding: where, the rule, what was given, and an example of the key where there is one."""
    first = error.errors()[0]
    path, kind, given = first["loc"], first["type"], first["input"]
    where = _where(path, content)
    if kind == "extra_forbidden":
        return f"{where}: no such key; {must_be_of(str(path[-1]), _model_at(root, path[:-1]).model_fields)}"
    if kind == "missing":
        beside = ", ".join(map(str, given)) if isinstance(given, Mapping) else str(given)
        return f"{where}: must be given, got only {beside[:60] or 'nothing'}"
    if kind == "model_type":
        rule = f"must be a mapping with {', '.join(_model_at(root, path).model_fields)}"
    elif kind == "literal_error":
        rule = f"must be one of {first['ctx']['expected']}".replace("'", "").replace(" or ", ", ")
    else:
        rule = RULES.get(kind, first["msg"][0].lower() + first["msg"][1:]).format(**first.get("ctx", {}))
    key = ".".join(str(part) for part in path if isinstance(part, str))
    example = f" ({EXAMPLES[key]})" if key in EXAMPLES and kind != "model_type" else ""
    return f"{where}: {rule}{example}, got {'nothing' if given is None else repr(str(given)[:60])}"


def must_be_of(given: str, known: Iterable[str]) -> str:
    """Return `must be of a, b, got 'c' (did you mean a?)`, the question where one is near."""
    names = list(known)
    return f"must be of {', '.join(names)}, got {given!r}{did_you_mean(given, names)}"


def _where(path: Sequence[int | str], content: Mapping[str, Any]) -> str:
    """Return the keys joined by dots, a candidate with its name."""
    parts = [str(part) for part in path]
    if len(path) > 1 and path[0] == "candidates" and isinstance(path[1], int):
        one = content["candidates"][path[1]]
        name = one.get("name") if isinstance(one, Mapping) else None
        parts[1] += f" ({name})" if name and path[-1] != "name" else ""
    return ".".join(parts)


def _model_at(root: type[BaseModel], path: Sequence[int | str]) -> type[BaseModel]:
    """Return the model that stands at a path; numbers of lists and names of parts are passed over."""
    found = root
    for key in path:
        if key in found.model_fields:
            found = _model_in(found.model_fields[str(key)].annotation) or found
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside an annotation such as dict[str, Model] or tuple[Model, ...]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
