"""Cases on a fabric: a collective's questions made whole, with the nodes that their order uses. It answers none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral

from fabric.collectives.algorithms import ALGORITHMS, RESERVED, keywords
from fabric.collectives.catalog import COLLECTIVES
from fabric.collectives.catalog import collective as known
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, given_order, place, spread
from fabric.records.case import Case
from topologies.errors import InputError


def cases(
    fabric: Fabric,
    collective: str = "all_reduce",
    *,
    sizes: Sequence[int],
    ranks: Sequence[int] | None = None,
    order: str = "contiguous",
    root: int | None = None,
    params: Mapping[str, float | str] | None = None,
    given: Devices | None = None,
) -> list[Case]:
    """Return a case for every world size and size, world size by world size.

    sizes: bytes (nccl-tests' S). ranks: world sizes; None: all devices, or as many as `given` names. given: the devices of
    the ranks; the order is then `given:HASH` of them.

    Raises:
        InputError: an unknown collective, a root or parameter that it does not have, more ranks than devices, a bad order.
    """
    name = known(collective).name
    _check_own(name, root, params or {})
    if given is not None:
        order = given_order(given)
    everyone = fabric.topology.devices if given is None else len(given)
    _check_whole("sizes", sizes, 0)
    _check_whole("ranks", ranks or (), 1)
    found = []
    for world_size in [everyone] if ranks is None else ranks:
        nodes, per_node = spread(fabric.topology, place(fabric.topology, world_size, order, given))
        found += [
            Case(name, nbytes, world_size, nodes, per_node, root=root, order=order, params=params or {}) for nbytes in sizes
        ]
    return found


def _check_whole(parameter: str, numbers: Sequence[int], least: int) -> None:
    """Raise InputError where one is no whole number of at least so much: numbers come from Python too."""
    for number in numbers:
        if not isinstance(number, Integral) or number < least:
            raise InputError(f"{parameter}: must be whole numbers >= {least}, got {number}")


def on_nodes(fabric: Fabric, case: Case) -> Case:
    """Return a case with the nodes that a fabric makes of its ranks, where it says one node for more ranks than that holds.

    As it is where the fabric has not so many nodes: more ranks than devices share them.
    """
    everywhere, fullest = spread(fabric.topology, place(fabric.topology, fabric.topology.devices))
    nodes = -(-case.world_size // fullest)
    if case.nodes > 1 or not 1 < nodes <= everywhere:
        return case
    return replace(case, nodes=nodes, ranks_per_node=-(-case.world_size // nodes))


def _check_own(name: str, root: int | None, params: Mapping[str, float | str]) -> None:
    """Refuse a root or a parameter that a collective does not have.

    Raises:
        InputError: naming what it has.
    """
    if root is not None and not COLLECTIVES[name].rooted:
        raise InputError(f"root: {name} has none, got {root}")
    own = sorted({key for build in ALGORITHMS[name].values() for key in keywords(build)} & set(RESERVED) - {"root"})
    for key in params:
        if key not in own:
            raise InputError(f"param: {name} takes {', '.join(own) or 'none'}, got {key!r}")
