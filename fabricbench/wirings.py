"""Questions about wirings, and about fabrics in files of ours and of other tools. It answers none itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.formats.named import Named, Written
    from fabric.network.fabric import Fabric
    from topologies.base import Topology


def show(fabric: Fabric | Topology | str) -> Answer[Topology]:
    """Return counts and proofs of a wiring, or of a TOPO's: docs/proofs.md."""
    from fabric.answers.ask import load
    from fabric.answers.show import show as answer
    from topologies.base import Topology

    return answer(fabric if isinstance(fabric, Topology) else load(fabric).topology)


def build(fabric: Fabric | str, file: str | Path | None = None) -> Answer[Fabric]:
    """Return a fabric as its file states it, written to `file` where one is named. `local`: this machine, measured now.

    Raises:
        InputError: a TOPO that is none, or a file that cannot be written.
        EnvironmentFault: `local` where others take so much of the machine that no latency can be had.
    """
    from dataclasses import replace

    from fabric.answers.ask import load
    from fabric.answers.build import build as answer
    from fabric.measure.host.local import local_fabric

    if fabric == "local":
        known, warnings = local_fabric()
    else:
        known, warnings = load(fabric), ()
    return replace(answer(known, None if file is None else Path(file)), warnings=warnings)


def read(file: str | Path, kind: str | None = None, *, only: str | Sequence[str] = ()) -> Answer[Named]:
    """Return the fabric of another tool's file, with its names and what the file does not say: docs/formats.md.

    kind: the format; None: told by what the file holds. only: what of the file counts, e.g. `ports:mlx5_[0-7]`.

    Raises:
        InputError: whatever is wrong with it, by name and line; nothing left of it.
    """
    from fabric.answers.read import read as answer

    return answer(Path(file), kind, only=_texts(only))


def write(
    fabric: Fabric | Named, kind: str, file: str | Path | None = None, *, only: str | Sequence[str] = ()
) -> Answer[Written]:
    """Return a fabric's text in another tool's format and what it cannot hold; written to `file` where one is named.

    only: what of a file that was read counts, e.g. `switches:leaf*`.

    Raises:
        InputError: an unknown format, a fabric that it cannot hold, a file that cannot be written, nothing left.
    """
    from fabric.answers.read import write as answer
    from fabric.formats.only import select

    return answer(select(_named(fabric), _texts(only)), kind, None if file is None else Path(file))


def audit(
    dump: str | Path | Fabric | Named,
    design: str | Path | Fabric | Named,
    trust: str = "nothing",
    *,
    only: str | Sequence[str] = (),
) -> Answer[Any]:
    """Return what is built against what was designed: missing, extra, swapped and degraded cables, and the dump's own flaws.

    dump, design: a file, a TOPO or a fabric. trust: nothing, names or ports: what identifies a vertex. only: what of the
    dump counts, e.g. `ports:mlx5_[0-7]`.

    Raises:
        InputError: a file that cannot be read, or names that do not meet.
    """
    from fabric.answers.audit import audit as answer
    from fabric.formats.only import select

    return answer(select(_named(dump), _texts(only)), _named(design), trust, str(dump) if isinstance(dump, str | Path) else "")


def _texts(only: str | Sequence[str]) -> Sequence[str]:
    return [only] if isinstance(only, str) else only


def _named(fabric: str | Path | Fabric | Named) -> Named:
    """Return a fabric with a name per vertex."""
    from fabric.formats import files
    from fabric.formats.named import Named, named

    if isinstance(fabric, str | Path):
        return files.load(str(fabric))
    return fabric if isinstance(fabric, Named) else named(fabric)
