"""The fabric of a TOPO for a verb: that its file has flaws goes to standard error. It knows no format and no verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fabric.cli.output import warn

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric


def load(topo: str, *, force: bool = False) -> Fabric:
    """Return the fabric of a TOPO: a short form, the YAML of a fabric, or a file in any format that can be read.

    force: take speeds and latencies of a short form beyond what is plausible.

    Raises:
        InputError: no such family, parameter or file, or a file that cannot be read.
    """
    from fabric.formats import files

    found = files.load(topo, force=force)
    if found.defects:
        several = f"{len(found.defects):,} flaws were" if len(found.defects) > 1 else "a flaw was"
        warn(f"{topo}: {several} read around, first {found.defects[0].at(topo)}; `fabricbench read` lists them")
    return found.fabric
