"""What JSON Schema says of objects within a row: exact ones, from a list of keys or a dataclass. It knows no verb."""

from __future__ import annotations

from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_type_hints

from fabric.answers.answer import NUMBER, TEXT, WHOLE, YES_NO, Kind, maybe

PLAIN: dict[Any, Kind] = {str: TEXT, int: WHOLE, float: NUMBER, bool: YES_NO}


def thing(**properties: Kind) -> Kind:
    """Return the kind of an object with these keys and no others."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def named(kind: Kind) -> Kind:
    """Return the kind of an object whose keys are names and whose values are of one kind."""
    return {"type": "object", "additionalProperties": kind}


def many(kind: Kind) -> Kind:
    """Return the kind of a list."""
    return {"type": "array", "items": kind}


def of_class(noun: type, **others: Kind) -> dict[str, Kind]:
    """Return field -> kind of a dataclass of plain values; others: of the fields that hold something else."""
    hints = get_type_hints(noun)
    return {one.name: others.get(one.name) or _plain(hints[one.name]) for one in fields(noun)}


def _plain(hint: Any) -> Kind:
    """Return the kind of str, int, float, bool, or of one of them that may be None."""
    if hint in PLAIN:
        return PLAIN[hint]
    (known,) = (one for one in get_args(hint) if one is not NoneType)
    return maybe(PLAIN[known])
