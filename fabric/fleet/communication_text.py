"""What a file may say of how much of a step jobs communicate: a share, a range, a training step, or these by tenant or size.

It predicts no step. A range has two ends, and figures stand at both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from fabric.fleet.figures import class_name
from fabric.workload.job import FORM as STEP_FORM
from fabric.workload.job import START

ASSUMED = (0.1, 0.4)
"""Of jobs larger than a node where nothing is known: a stated range, not a measurement."""
ENDS = ("low", "high")
OTHER = "other"
"""Key of what stands where neither tenant nor size is named."""
SIZE = re.compile(r"(\d+)(?:-(\d+)|(\+))?")
ALL = (1, 2**31)
"""Devices of all jobs, as a size class has them."""
FORM = (
    f"must be a share from 0 to 1, a range such as [0.1, 0.3], {STEP_FORM}, or one of these per tenant or size of jobs, such "
    f"as {{research: 0.1, 9-64: [0.1, 0.3], {OTHER}: 0.2}}"
)
Part = Annotated[float, Field(ge=0, le=1)]


class ShareText(BaseModel):
    """A share's two ends. step: the training step that they are of, as `model:plan:batch:devices`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    low: Part
    high: Part
    step: str = ""


def _checked(value: Any, depth: int = 2) -> Any:
    """Return what a file says, keys as texts; ValueError with the whole rule where it has no such form."""
    if isinstance(value, Mapping) and depth and not set(value) >= set(ENDS):
        return {str(key): _checked(one, depth - 1) for key, one in value.items()}
    if value is None or isinstance(value, ShareText) or (isinstance(value, str) and value.startswith(START)):
        return value
    if isinstance(value, Mapping):
        step = value.get("step", "")
        _ends([value.get(end) for end in ENDS])
        if not isinstance(step, str) or not set(value) <= {*ENDS, "step"}:
            raise ValueError(FORM)
        return ShareText(**value)
    _ends(list(value) if isinstance(value, list | tuple) else [value, value])
    return value


def _ends(found: list[Any]) -> None:
    """Refuse what is not two shares, the lower one first."""
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one <= 1 for one in found)
    if not numbers or len(found) != len(ENDS) or found[0] > found[1]:
        raise ValueError(FORM)


One = ShareText | Part | tuple[Part, Part] | str
Text = Annotated[One | dict[str, One | dict[str, One]] | None, BeforeValidator(_checked)]
"""What a file may say."""


@dataclass(frozen=True)
class Share:
    """A share and whose it is. devices: least and most of the jobs; tenant: None for all; step: the training step it is of."""

    low: float
    high: float
    devices: tuple[int, int] = ALL
    tenant: str | None = None
    step: str = ""

    @property
    def sizes(self) -> str | None:
        """The jobs' sizes as a file says them, None for all."""
        return None if self.devices == ALL else class_name(*self.devices)


def shares(text: Any) -> tuple[Share, ...]:
    """Return what a file says once its training steps are worked out; a later share stands above an earlier one."""
    if not isinstance(text, Mapping):
        return (_share(ASSUMED if text is None else text),)
    found = [_share(text.get(OTHER, ASSUMED)), *_sized(text)]
    for tenant in tenants(text):
        one = text[tenant]
        inner = one if isinstance(one, Mapping) else {OTHER: one}
        own = [_share(inner[OTHER])] if OTHER in inner else []
        found += [replace(share, tenant=tenant) for share in (*own, *_sized(inner))]
    return tuple(found)


def tenants(text: Any) -> tuple[str, ...]:
    """Return the tenants that a file names: keys that are no size."""
    return tuple(key for key in text if key != OTHER and sizes(key) is None) if isinstance(text, Mapping) else ()


def _sized(text: Mapping[str, Any]) -> list[Share]:
    return [replace(_share(one), devices=size) for key, one in text.items() if (size := sizes(key)) is not None]


def _share(text: Any) -> Share:
    if isinstance(text, ShareText):
        return Share(text.low, text.high, step=text.step)
    low, high = text if isinstance(text, list | tuple) else (text, text)
    return Share(float(low), float(high))


def sizes(key: str) -> tuple[int, int] | None:
    """Return the least and most devices of a key such as 64, 9-64 or 513+; None for a tenant's name."""
    found = SIZE.fullmatch(key)
    if found is None:
        return None
    least, most, more = found.groups()
    return int(least), ALL[1] if more else int(most or least)


def ranged(text: Any) -> bool:
    """Return whether any share has two ends; a training step has."""
    each = _each(ASSUMED if text is None else text)
    return any(isinstance(one, str) or (share := _share(one)).low < share.high for one in each)


def _each(text: Any) -> Iterator[Any]:
    if not isinstance(text, Mapping):
        yield text
        return
    for one in text.values():
        yield from _each(one)
