"""`build`: a fabric as it stands in its file, with its fingerprint. It measures no machine (measure/host/local.py)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fabric.answers.answer import OBJECT, TEXT, Answer, Column, View, maybe

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric

VIEW = View(
    "build",
    (
        Column("schema", TEXT, "of the file"),
        Column("name", TEXT, "of the fabric"),
        Column("topology", TEXT, "short form of the wiring"),
        Column("levels", OBJECT, "speed, latency and source of every level"),
        Column("degraded", OBJECT, "cable -> its own speed", absent=True),
        Column("carriers", OBJECT, "of this machine: library -> the level that it moves bytes over", absent=True),
        Column("fingerprint", TEXT, "of wiring, speeds and latencies"),
        Column("file", maybe(TEXT), "that it was written to"),
    ),
)


def build(fabric: Fabric, file: Path | None = None) -> Answer[Fabric]:
    """Return a fabric as its file's content and its fingerprint; write the file where one is named.

    Raises:
        InputError: the file cannot be written.
    """
    from fabric.network import spec

    if file is not None:
        spec.write(fabric, file)
    row = spec.to_dict(fabric) | {"fingerprint": fabric.fingerprint, "file": str(file) if file else None}
    return Answer(VIEW, (fabric,), (row,))
