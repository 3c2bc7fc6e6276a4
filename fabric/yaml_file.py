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
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{what}: cannot read {path}: {getattr(error, 'strerror', None) or 'not text'}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: must be YAML, got {' '.join(str(error).split())[:160]}") from None
    if not isinstance(content, Mapping):
        raise InputError(f"{path}: must be a mapping {keys}, got {type(content).__name__}")
    return content
