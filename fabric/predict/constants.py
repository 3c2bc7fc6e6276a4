"""What a library adds to the wire: alphas, betas and gamma by level and message size, with scope, source and intervals.

Reads and writes them as a file. It does not know how they were fitted (calibrate.py), nor which algorithm uses them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fabric.predict.host import HostRates
from fabric.predict.site import Laws
from fabric.text.escape import shown
from fabric.text.files import is_file, write_text
from topologies.errors import InputError
from topologies.guess import did_you_mean

SCHEMA = "fabricbench.constants/3"
READABLE = ("fabricbench.constants/1", "fabricbench.constants/2", SCHEMA)
"""Schemas of files that load() reads; the first has no laws, the first two no rates of the host."""
FITTED, HELD_OUT, CROWDED = "fitted", "held out", "more ranks than cores"
"""What a measured cell is to a fit: it made it, it scores it, or it is neither, since its ranks shared cores."""
ANY_LEVEL = "*"


@dataclass(frozen=True)
class Line:
    """Messages of up to max_bytes cost alpha seconds each, on top of the route's latency, and beta seconds per byte.

    beta None: the fabric's own speed. passes: how often the library goes over a byte in memory, where what its ranks touch is
    beyond their caches (footprint.py). again: what each further message of a call takes, over the first one, above the route's
    latency: its partner is in the call already (calls.py). The intervals are 95 % ones of the fit, None where the value was
    not fitted.
    """

    alpha: float
    beta: float | None = None
    max_bytes: float | None = None
    alpha_interval: tuple[float, float] | None = None
    beta_interval: tuple[float, float] | None = None
    passes: float = 0.0
    again: float = 1.0
    again_interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Constants:
    """One library's constants. lines: level -> lines by rising message size; `*` stands for every level not named.

    gamma: seconds per byte reduced. backend and in_place: what they are for, None for any. laws: what the library took at a
    site, by which cases of several nodes are answered; None: the model answers every case. host: how fast a node copies and
    adds what MPI sends from host buffers, for what has neither lines nor laws; None: not known.
    """

    name: str
    lines: Mapping[str, tuple[Line, ...]]
    source: str
    backend: str | None = None
    in_place: bool | None = None
    gamma: float = 0.0
    fabric: str | None = None
    fitted_bytes: tuple[int, ...] = ()
    made_at: str | None = None
    laws: Laws | None = None
    host: HostRates | None = None

    def line(self, level: str, message: float) -> Line:
        """Return the line for a message of so many bytes on a level."""
        lines = self.lines.get(level) or self.lines.get(ANY_LEVEL) or (Line(0.0),)
        return next((line for line in lines if line.max_bytes is None or message <= line.max_bytes), lines[-1])


NONE = Constants("none", {}, "alpha = gamma = 0: route latency and link speeds alone, what no library can beat")
NCCL = "nccl"
NCCL_SOURCE = "NVIDIA/nccl 2.30.7, src/graph/tuning.cc: its own tuning model, worked out per case (docs/libraries.md)"


def load(text: str) -> list[Constants]:
    """Return the constants of a file, or the built-in ones: `none`, `nccl` (the fabric's hardware), `nccl:HARDWARE`.

    Raises:
        InputError: no such file or name, or a file that is no constants file.
    """
    if text == NONE.name:
        return [NONE]
    kind, colon, hardware = text.partition(":")
    if kind.lower() == NCCL and (hardware or not colon):
        text = text.lower()
        return [Constants(text, {}, NCCL_SOURCE, backend=text)]
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415  # 0.1 s, paid where a file is read

    from fabric.text.json_file import read_json  # noqa: PLC0415

    path = Path(text)
    if not is_file(text):
        hint = did_you_mean(text, ("none", NCCL))
        raise InputError(f"constants: must be one of none, nccl, nccl:HARDWARE or a file, cannot read {shown(text)}{hint}")
    content = read_json(path, "constants")
    if not isinstance(content, dict) or content.get("schema") not in READABLE:
        raise InputError(f"constants: {path}: schema must be one of {', '.join(READABLE)}")
    try:
        return TypeAdapter(list[Constants]).validate_python(content["constants"])
    except (KeyError, ValidationError) as error:
        raise InputError(f"constants: {path}: {' '.join(str(error).split())[:200]}") from None


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a file of constants."""
    from pydantic import TypeAdapter  # noqa: PLC0415  # 0.3 s, paid where a schema is asked for

    every = TypeAdapter(list[Constants]).json_schema()
    kinds, needed = {"schema": {"const": SCHEMA}, "constants": every}, ["schema", "constants"]
    return {"$id": SCHEMA, "$defs": every.pop("$defs"), "type": "object", "properties": kinds, "required": needed}


def write(path: Path, constants: Sequence[Constants]) -> None:
    """Write constants to a file that load() gives back."""
    content: dict[str, Any] = {"schema": SCHEMA, "constants": [asdict(c) for c in constants]}
    write_text(path, json.dumps(content, indent=1) + "\n")


def choose(constants: Sequence[Constants], backend: str, *, in_place: bool = True) -> Constants:
    """Return the constants fitted for this backend and form; where only the other form was fitted, that one."""
    fitting = [c for c in constants if c.backend is None or _same_library(c.backend, backend)]
    exact = [c for c in fitting if c.in_place in (None, in_place)]
    if not fitting:
        known = ", ".join(sorted({c.backend or "any" for c in constants})) or "none"
        raise InputError(f"constants: hold {known}, nothing for {backend}; calibrate on results of {backend}")
    return (exact or fitting)[0]


def _same_library(one: str, other: str) -> bool:
    """Return whether one names the other, or the same with more said: `nccl` and `nccl:h100`."""
    return one == other or one.startswith(f"{other}:") or other.startswith(f"{one}:")


def check_library(backend: str) -> None:
    """Return nothing where a name is that of a library whose defaults are known.

    Raises:
        InputError: it is none.
    """
    from fabric.predict.defaults import DEFAULTS  # noqa: PLC0415  # its tables, where a library is named

    if backend not in (*DEFAULTS, "mpi") and not re.fullmatch(r"nccl:[a-z0-9_-]+(:[a-z0-9]+=[a-z]+)*", backend):
        hint = did_you_mean(backend, DEFAULTS)
        raise InputError(f"backend: must be one of {', '.join(DEFAULTS)}, nccl:HARDWARE, got {shown(backend)}{hint}")


def constants_of(text: str | None, backend: str | None = None) -> Constants:
    """Return the constants of a name or a file, for a library where one is meant: what every verb and the API predict with.

    text: `none`, `nccl`, `nccl:HARDWARE` or a file; None: NCCL's model for `nccl`, else `none`. backend: the library whose
    constants in a file, or beside `none` whose default algorithm, is meant.

    Raises:
        InputError: no such file or name; constants that hold nothing for the backend.
    """
    if text is None:
        text = backend if backend and backend.partition(":")[0].lower() == NCCL else NONE.name
    known = load(text)
    if backend is None:
        return known[0]
    backend = backend.lower()
    if not any(c.backend for c in known) or not backend:
        check_library(backend)
    return replace(choose(known, backend), backend=backend)
