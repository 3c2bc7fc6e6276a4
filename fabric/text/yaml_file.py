"""A YAML file as a mapping, or one line that says why not. It does not know what the keys mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from topologies.errors import InputError


def read_mapping(path: Path, what: str, keys: str) -> Mapping[str, Any]:
    """Return the file's content. what: the name of the parameter that named the file; keys: those that it may have.

    Raises:
        InputError: a file that cannot be read, is no YAML, or no mapping.
    """
    try:
        text = path.read_text()
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{what}: cannot read {path}: {getattr(error, 'strerror', None) or 'not text'}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: must be YAML, got {_said(error)}") from None
    if twice := _given_twice(yaml.compose(text, yaml.SafeLoader)):
        raise InputError(f"{path}: {twice}: must be given once, got it twice")
    if not isinstance(content, Mapping):
        raise InputError(f"{path}: must be a mapping {keys}, got {type(content).__name__}")
    return content


def _said(error: yaml.YAMLError) -> str:
    """Return what the parser missed and where, in one line."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or not problem:
        return " ".join(str(error).split())[:160]
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def _given_twice(node: yaml.Node | None, where: str = "") -> str:
    """Return the first key that a mapping has twice (the parser would keep the last one in silence), else nothing."""
    seen: set[str] = set()
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        name = f"{where}{key.value}"
        if name in seen:
            return name
        seen.add(name)
        if below := _given_twice(value, f"{name}."):
            return below
    for number, value in enumerate(node.value) if isinstance(node, yaml.SequenceNode) else ():
        if below := _given_twice(value, f"{where}{number}."):
            return below
    return ""
