import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.hamming_mesh import hamming_mesh

SIDE = st.integers(1, 4)


@given(a=SIDE, b=SIDE, x=SIDE, y=SIDE)
def test_counts_and_ports_are_the_closed_forms(sound, rebuilt, a, b, x, y):
    topology = hamming_mesh(a, b, x, y)
    sound(topology)
    rebuilt(topology)
    chips, boards = a * b * x * y, x * y
    assert topology.devices == chips
    assert topology.forwards.all()
    assert topology.switches_by_tier == {"switch": b * y + a * x}
    assert topology.cables_by_level == {
        "host-host": boards * ((a - 1) * b + a * (b - 1)),
        "host-switch": 2 * boards * (a + b),
    }
    degrees = np.bincount(topology.ends.ravel())
    assert np.all(degrees[:chips] == 4)
    assert degrees[chips : chips + b * y].tolist() == [2 * x] * (b * y)
    assert degrees[chips + b * y :].tolist() == [2 * y] * (a * x)
    assert (topology.nodes, topology.devices_per_node) == (boards, a * b)


@given(a=SIDE, b=SIDE, x=SIDE, y=SIDE)
def test_a_switch_meets_one_line_of_chips_at_the_edges_of_boards(a, b, x, y):
    topology = hamming_mesh(a, b, x, y)
    board, place = np.divmod(np.arange(topology.devices), a * b)
    row, column = board // x * b + place // a, board % x * a + place % a
    chip, switch = topology.ends[topology.level == 1].T
    line = switch - topology.devices
    on_row = line < b * y
    assert np.array_equal(row[chip[on_row]], line[on_row])
    assert np.array_equal(column[chip[~on_row]], line[~on_row] - b * y)
    assert set((column[chip[on_row]] % a).tolist()) == {0, a - 1}
    assert set((row[chip[~on_row]] % b).tolist()) == {0, b - 1}


@pytest.mark.parametrize(("x", "chips", "ports", "cables"), [(16, 1024, 32, 2048), (64, 16384, 128, 32768)])
def test_counts_of_square_ones(x, chips, ports, cables):
    topology = hamming_mesh(2, 2, x, x)
    assert topology.devices == topology.cables_by_level["host-host"] == chips
    assert topology.cables_by_level["host-switch"] == cables
    assert np.all(np.bincount(topology.ends.ravel())[chips:] == ports)


@given(x=st.integers(1, 8), y=st.integers(1, 8), radix=st.sampled_from([4, 8]))
def test_long_lines_become_trees_within_the_radix(sound, hops, rebuilt, x, y, radix):
    try:
        topology = hamming_mesh(2, 2, x, y, radix)
    except InputError:
        assert 2 * max(x, y) > radix * radix // 2
        return
    sound(topology)
    rebuilt(topology)
    assert np.bincount(topology.ends.ravel())[topology.devices :].max() <= radix
    assert ("spine" in topology.tiers) == (2 * max(x, y) > radix)
    assert np.isfinite(hops(topology)).all()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("a=2,b=2,x=0,y=1", "x must be a whole number >= 1, got 0"),
        ("a=2,b=2,x=4,y=4,radix=5", "radix must be an even number of ports, or 0 for one switch a line, got 5"),
        ("a=2,b=2,x=5,y=4,radix=4", "x can be 4 at most with two tiers of radix=4, got 5"),
    ],
)
def test_refusals(spec, message):
    with pytest.raises(InputError, match=f"^hamming_mesh: {re.escape(message)}$"):
        parse(f"hamming_mesh:{spec}")
