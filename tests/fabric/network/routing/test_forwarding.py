"""Static tables: followed as written; loops, gaps and rows that mean nothing are named."""

import json

import numpy as np
import pytest

from fabric.network.routing.route import route, ways
from fabric.network.spec import load
from topologies import catalog
from topologies.errors import InputError

SPEC = "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"
ROWS = [
    ("leaf0", "*", "spine1"),
    ("leaf1", "*", "spine0"),
    ("leaf0", 0, 0),
    ("leaf0", 1, "host1"),
    ("leaf1", 2, 2),
    (5, 3, "cable:3"),
]
ROWS += [(spine, device, f"leaf{device // 2}") for spine in ("spine0", "spine1") for device in range(4)]


def write(path, rows):
    if path.suffix == ".json":
        path.write_text(json.dumps([dict(zip(("switch", "destination", "next"), row, strict=True)) for row in rows]))
    else:
        path.write_text("switch,destination,next\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows))
    return f"table:{path}"


@pytest.mark.parametrize("name", ["table.json", "table.csv"])
def test_messages_follow_the_table(tmp_path, name):
    policy = write(tmp_path / name, ROWS)
    topology = catalog.parse(SPEC)
    source, target = np.divmod(np.arange(16), 4)
    found = route(topology, source, target, policy)
    spine = topology.ends[:, 1] - topology.devices - 2
    up = found.per_link[0::2][(topology.level == 1)].reshape(2, 2)
    assert spine[topology.level == 1].tolist() == [0, 1, 0, 1]
    assert up.tolist() == [[0, 4], [4, 0]], "leaf0 sends over spine1, leaf1 over spine0"
    assert found.hops.sum() == found.per_link.sum() == 4 * 2 + 8 * 4
    assert ways(load(SPEC), source, target, policy).paths.hops.tolist() == found.hops.sum(axis=1).tolist()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS[:-4], r"^routing: table: spine1 must have an entry for device 2, it has none$"),
        (
            [*ROWS, ("spine1", 2, "leaf0")],
            r"^routing: table: entries for device 2 must not loop, got leaf0 -> spine1 -> leaf0$",
        ),
        ([*ROWS, ("leaf0", 2, "leaf1")], r"row 15: next must be a neighbour or a cable of leaf0, got 'leaf1'$"),
        ([*ROWS, ("leaf0", 2, "cable:3")], r"row 15: next must be a neighbour or a cable of leaf0, got 'cable:3'$"),
        (
            [*ROWS, ("leaf7", 2, 0)],
            r"row 15: leaf_spine.* has vertices 0 ... 7 and leaf0 ... leaf1, spine0 ... spine1, got 'leaf7'$",
        ),
        ([*ROWS, ("leaf0", "leaf1", 0)], r"row 15: destination must be a device 0 ... 3, got 'leaf1'$"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(tmp_path, rows, message):
    policy = write(tmp_path / "table.csv", rows)
    with pytest.raises(InputError, match=message):
        route(catalog.parse(SPEC), np.array([0, 0, 1]), np.array([2, 3, 2]), policy)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"^routing: table: cannot read .*table.json: No such file or directory$"),
        ("[", r"must be JSON, got line 1"),
        ("{}", r"must be a list of rows, got dict$"),
        ('[{"switch": 1}]', r"row 1: must have switch, destination, next, got "),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path, text, message):
    path = tmp_path / "table.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        route(catalog.parse(SPEC), np.array([0]), np.array([2]), f"table:{path}")


def test_a_table_that_has_changed_is_read_again(tmp_path):
    topology, path = catalog.parse(SPEC), tmp_path / "table.csv"
    policy = write(path, ROWS)
    first = route(topology, np.array([0]), np.array([2]), policy)
    assert np.array_equal(route(topology, np.array([0]), np.array([2]), policy).per_link, first.per_link)
    write(path, [("leaf0", 2, 99)])
    with pytest.raises(InputError, match=r"row 1"):
        route(topology, np.array([0]), np.array([2]), policy)
