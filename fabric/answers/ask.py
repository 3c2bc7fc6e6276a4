"""The fabric that a question is about, from its text. It answers none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric


def load(topo: str | Path | Fabric) -> Fabric:
    """Return the fabric of a TOPO: a short form, the YAML of a fabric, or a file in any format that can be read; itself of one.

    Raises:
        InputError: no such family, parameter or file, or a file that cannot be read.
    """
    from fabric.formats import files
    from fabric.network.fabric import Fabric

    if isinstance(topo, Fabric):
        return topo
    return files.load(str(topo)).fabric
