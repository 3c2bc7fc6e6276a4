"""What a question is made of, from texts or numbers: fabrics, cases, constants, failures. It answers none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.network.failures import Failures
    from fabric.network.placement import Devices
    from fabric.predict.constants import Constants
    from fabric.records.case import Case

DEFAULT_SIZES = "1MiB,64MiB"
"""What `predict` asks for where nothing is said."""


def load(topo: str | Path) -> Fabric:
    """Return the fabric of a TOPO: a short form, the YAML of a fabric, or a file in any format that can be read.

    Raises:
        InputError: no such family, parameter or file, or a file that cannot be read.
    """
    from fabric.formats import files

    return files.load(str(topo)).fabric


def cases(
    fabric: Fabric,
    collective: str = "all_reduce",
    *,
    sizes: str | Sequence[int] = DEFAULT_SIZES,
    ranks: str | Sequence[int] | None = None,
    order: str | Sequence[int] = "contiguous",
    root: int | None = None,
    params: Mapping[str, float | str] | None = None,
) -> list[Case]:
    """Return a case for every world size and size, world size by world size.

    sizes: bytes S as nccl-tests counts them, numbers or a text such as `1MiB,64MiB`. ranks: world sizes, numbers or a text;
    None: all devices. order: contiguous, interleaved, scattered:SEED, or the device of every rank.

    Raises:
        InputError: an unknown collective, a root or parameter that it does not have, more ranks than devices, a bad order.
    """
    from fabric import units
    from fabric.predict.cases import cases as whole

    given = None if isinstance(order, str) else devices_of(order)
    return whole(
        fabric,
        collective,
        sizes=units.sizes(sizes) if isinstance(sizes, str) else list(sizes),
        ranks=units.counts(ranks) if isinstance(ranks, str) else None if ranks is None else list(ranks),
        order=order if isinstance(order, str) else "contiguous",
        root=root,
        params=params,
        given=given,
    )


def devices_of(order: Sequence[int]) -> Devices:
    """Return the device of every rank as an array."""
    import numpy as np

    return np.asarray(order, dtype=np.int64)


def constants(text: str | Path | None = None, backend: str | None = None) -> Constants:
    """Return constants by name: none, nccl, nccl:HARDWARE or a file that calibrate wrote.

    None: those of the backend, a library such as `gloo` or `mpi:openmpi`; `none` where there is no backend either.

    Raises:
        InputError: no such name or file, or a file whose constants are not the backend's.
    """
    from fabric.predict.constants import constants_of

    return constants_of(None if text is None else str(text), backend)


def failures(fabric: Fabric, *broken: str, seed: int = 0) -> Failures:
    """Return what is broken: texts such as `links:10`, `switches:spine:1`, `plane:0`, `cable:7`.

    Raises:
        InputError: a text that names nothing that can break.
    """
    from fabric.network.failures import draw

    return draw(fabric.topology, "+".join(broken), seed)
