"""Foreign files from disk and short forms, as named fabrics; and to disk. It does not know any format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fabric.formats.named import Named, named
from fabric.network import spec
from fabric.text.escape import shown
from fabric.text.files import is_file, is_folder, read_text, write_text
from topologies.errors import InputError


def load(text: str, kind: str | None = None, *, force: bool = False) -> Named:
    """Return the named fabric of a TOPO: a short form, the YAML of a fabric, or a file in a foreign format.

    force: take speeds and latencies of a short form beyond what is plausible.

    Raises:
        InputError: whatever is wrong with it, by name and line.
    """
    path = Path(text)
    if is_folder(path):
        raise InputError(f"topo: must be a short form such as fat_tree:k=8 or a file, {shown(text)} is a folder")
    if kind is None and (not is_file(path) or _is_ours(path)):
        found = named(spec.load(text, force=force))
        listed = found.topology.params.get("file") if found.topology.family == "edge_list" else None
        return found if listed is None else _looked_at(found, Path(str(listed)))
    return read(path, kind)


def _looked_at(found: Named, cables: Path) -> Named:
    """Return the fabric of a list of cables with what its text says of itself: a last line without its end may be cut."""
    from fabric.formats.defects import unfinished  # noqa: PLC0415  # a short form of any other family needs none

    return replace(found, defects=(*found.defects, *unfinished(read_text(cables, "file"))))


def read(path: Path, kind: str | None = None) -> Named:
    """Return the named fabric of a file in a foreign format, guessed where kind is None."""
    from fabric.formats import catalog  # noqa: PLC0415  # a short form needs none of the formats

    return catalog.read(read_text(path, "read"), str(path), kind)


def write(text: str, path: Path) -> None:
    """Write a text to a file, its folder made where needed; InputError where it cannot be written."""
    write_text(path, text)


def _is_ours(path: Path) -> bool:
    """Return whether the file is the YAML of a fabric of ours."""
    if path.suffix not in (".yaml", ".yml"):
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(2_000)
    return spec.SCHEMA in head or spec.OF_LANES in head
