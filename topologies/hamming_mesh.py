"""HammingMesh: boards of chips in a mesh, rows and columns of boards joined by switches. It does not know speeds.

Boards of a x b chips (a in a row), x boards in a row and y in a column. A chip has four ports; on the board they meet
the neighbours, at its edge the line of chips that runs through all boards of a row (or column), once at either side:
    a b x y chips, which forward; x y ((a - 1) b + a (b - 1)) cables on boards;
    b y row lines of 2 x ports and a x column lines of 2 y ports, 2 x y (a + b) cables from boards to switches.
A line is one switch, or with radix=R and more than R ports a two-tier fat-tree: leaves of R/2 ports each, spines = the
smallest S >= leaves / 2 that divides R/2. Device index = board * a b + place on it, row by row; a board is a node.
Source: Hoefler et al., "HammingMesh: a network topology for large-scale deep learning", SC 2022.
"""

from __future__ import annotations

import numpy as np

from topologies.base import MOST_PER_NODE, Ints, Topology, assemble, check_size, check_whole, uplinks
from topologies.direct import forwarding, line_cables, path_pairs
from topologies.errors import InputError

FAMILY = "hamming_mesh"


def hamming_mesh(a: int, b: int, x: int, y: int, radix: int = 0) -> Topology:
    """Return x times y boards of a times b chips.

    radix: ports of a switch; 0 for one switch a line, however many ports that takes.

    Raises:
        InputError: a count below 1, an odd radix, or lines too long for two tiers of such switches.
    """
    check_whole(FAMILY, a=a, b=b, x=x, y=y)
    check_whole(FAMILY, most=MOST_PER_NODE, chips_of_a_board=a * b)
    if radix < 0 or radix % 2:
        raise InputError(f"{FAMILY}: radix must be an even number of ports, or 0 for one switch a line, got {radix}")
    check_size(FAMILY, x * y * (2 * a * b + 4 * (a + b)))
    chips = a * b * x * y
    rows, columns = _lines(a, b, x, y)
    shapes = [_shape("x", 2 * x, radix), _shape("y", 2 * y, radix)]
    counts = [len(rows) * shapes[0][0], len(columns) * shapes[1][0]]
    homes = [chips + _homes(rows, shapes[0][0]), chips + counts[0] + _homes(columns, shapes[1][0])]
    ports, leaf = np.concatenate([rows.ravel(), columns.ravel()]), np.concatenate([home.ravel() for home in homes])
    up = _trees(counts, shapes, radix // 2)
    spines = [len(lines) * shape[1] for lines, shape in zip((rows, columns), shapes, strict=True)]
    name = "leaf" if sum(spines) else "switch"
    tiers = {"host": chips, name: sum(counts)} | ({"spine": sum(spines)} if sum(spines) else {})
    levels = {"host-host": _on_boards(a, b, x * y), f"host-{name}": uplinks(ports, leaf[:, None])}
    params = {"a": a, "b": b, "x": x, "y": y} | ({"radix": radix} if radix else {})
    board, place = np.divmod(np.arange(chips, dtype=np.int32), a * b)
    levels |= {"leaf-spine": chips + up} if len(up) else {}
    return forwarding(assemble(FAMILY, params, tiers, levels, node=board, rail=place.astype(np.int16)))


def _lines(a: int, b: int, x: int, y: int) -> tuple[Ints, Ints]:
    """Return the chips at the ports of every row line (b y, 2 x) and of every column line (a x, 2 y)."""
    chip = np.arange(a * b * x * y, dtype=np.int32).reshape(y, x, b, a)
    rows = chip[:, :, :, [0, -1]].transpose(0, 2, 1, 3).reshape(b * y, 2 * x)
    columns = chip[:, :, [0, -1], :].transpose(1, 3, 0, 2).reshape(a * x, 2 * y)
    return rows, columns


def _on_boards(a: int, b: int, boards: int) -> Ints:
    """Return the cables of the a x b mesh on every board."""
    grid = (boards, b, a)
    return np.concatenate([line_cables(grid, 1, path_pairs(b)), line_cables(grid, 2, path_pairs(a))])


def _shape(name: str, ports: int, radix: int) -> tuple[int, int]:
    """Return leaves and spines of a line of so many ports; one switch is a leaf without a spine.

    Raises:
        InputError: more leaves than a spine has ports.
    """
    if radix == 0 or ports <= radix:
        return 1, 0
    half = radix // 2
    leaves = -(-ports // half)
    if leaves > radix:
        raise InputError(
            f"{FAMILY}: {name} can be {radix * half // 2} at most with two tiers of radix={radix}, got {ports // 2}"
        )
    return leaves, next(s for s in range(-(-leaves // 2), half + 1) if half % s == 0)


def _homes(lines: Ints, leaves: int) -> Ints:
    """Return the leaf of every port, numbered line by line; ports are dealt to leaves of equal size in order."""
    count, ports = lines.shape
    down = ports if leaves == 1 else -(-ports // leaves)
    leaf: Ints = np.arange(count, dtype=np.int32)[:, None] * leaves + np.arange(ports, dtype=np.int32) // down
    return leaf


def _trees(counts: list[int], shapes: list[tuple[int, int]], half: int) -> Ints:
    """Return the leaf-spine cables of all lines; counts: leaves of all row lines and of all column lines."""
    first_leaf, first_spine, cables = 0, sum(counts), [np.zeros((0, 2), dtype=np.int32)]
    for count, (leaves, spines) in zip(counts, shapes, strict=True):
        if spines:
            leaf = np.arange(count)
            spine = first_spine + (leaf // leaves * spines)[:, None] + np.arange(spines)
            cables.append(uplinks(first_leaf + leaf, spine, half // spines))
            first_spine += count // leaves * spines
        first_leaf += count
    return np.concatenate(cables)
