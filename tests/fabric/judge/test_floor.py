import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import sites

from fabric.judge import floor_file
from fabric.judge.floor import floor_of
from topologies.errors import InputError


def ring(nodes, mib, step=1e-3, per_node=4):
    """A ring's row whose step takes `step` seconds per MiB of block."""
    ranks = nodes * per_node
    return sites.row(nodes, per_node, mib, 2 * (ranks - 1) * step * (mib / ranks) * 1e6, "ring")


@settings(max_examples=30)
@given(st.integers(3, 40), st.integers(3, 40), st.integers(64, 4096))
def test_a_ring_is_carried_over_exactly_at_any_number_of_nodes(few, many, mib):
    """N tau(x): with a step proportional to its block there is nothing to err in."""
    floor = floor_of([ring(few, mib), ring(few, 2 * mib)])
    asked = ring(many, mib * many / few * 2)
    found = floor.expected(asked, "ring")
    assert found.seconds == pytest.approx(asked.time, rel=1e-6)
    assert found.low < found.seconds < found.high <= found.bad


def test_bands_widen_with_the_distance():
    floor = floor_of([ring(4, 512), ring(4, 1024)])
    near, far = (floor.expected(ring(n, 512 * n / 4), "ring") for n in (8, 64))
    assert far.bad / far.seconds > near.bad / near.seconds


def test_trees_grow_by_their_slope_and_never_by_more_than_a_level():
    rows = [sites.row(n, 4, 512, t, "tree") for n, t in ((4, 100.0), (8, 110.0))]
    assert floor_of(rows).expected(sites.row(16, 4, 512, 1, "tree"), "tree").seconds == pytest.approx(120e-6)
    falling = [sites.row(n, 4, 512, t, "tree") for n, t in ((4, 100.0), (8, 90.0))]
    assert floor_of(falling).expected(sites.row(16, 4, 512, 1, "tree"), "tree").seconds == pytest.approx(90e-6)


def test_one_and_two_nodes_are_held_against_as_many_only():
    floor = floor_of([sites.row(2, 8, 2048, 9000), sites.row(4, 8, 2048, 11500)])
    assert floor.expected(sites.row(2, 8, 2048, 1), "default").seconds == pytest.approx(9e-3)
    assert isinstance(floor.expected(sites.row(1, 8, 2048, 1), "default"), str)
    assert floor.expected(sites.row(8, 8, 4096, 1), "default").seconds > 11.5e-3


def test_libraries_without_a_law_of_scale_are_held_against_as_many_nodes_only():
    rows = [replace(sites.row(n, 1, 512, 100.0), source="import:osu") for n in (4, 8)]
    floor = floor_of(rows)
    assert floor.expected(rows[1], "default").seconds == pytest.approx(1e-4)
    assert isinstance(floor.expected(replace(sites.row(16, 1, 512, 1), source="import:osu"), "default"), str)


def test_a_file_gives_the_floor_back(tmp_path):
    floor = replace(floor_of(sites.rows(8, 4, sites.ALPS[8])), fabric="alps", fingerprint="abc", made_at="2026-11-29")
    floor_file.write(tmp_path / "floor.json", floor)
    assert floor_file.read(tmp_path / "floor.json") == floor


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": "fabricbench.floor/1"}', '{"schema": "fabricbench.floor/1", "points": [{"library": 1}]}'],
)
def test_files_that_are_no_floor_are_refused_in_one_line(tmp_path, text):
    (tmp_path / "floor.json").write_text(text)
    with pytest.raises(InputError, match=r"^against: ") as caught:
        floor_file.read(tmp_path / "floor.json")
    assert "\n" not in str(caught.value)
