"""The noun of this wing: everything one report tells, as data. It does not know how any of it is drawn or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fabric.predict.constants import Constants
from fabric.scaling import Row


@dataclass(frozen=True)
class Story:
    """What a report is made of.

    scaling: this machine's cells, measured and predicted; a row's source is the library that ran. extrapolation: cells
    that were only predicted. assumptions, notes: one sentence each. made_at: ISO 8601, the only time on the page.
    headlines: what stands on top, where it is not what `facts` works out of the rows.
    """

    title: str
    made_at: str
    machine: Mapping[str, Any]
    commands: Sequence[str]
    scaling: Sequence[Row]
    extrapolation: Sequence[Row]
    constants: Sequence[Constants]
    assumptions: Sequence[str]
    notes: Sequence[str]
    headlines: Sequence[str] = ()
