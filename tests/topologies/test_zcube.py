import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.zcube import zcube


@given(a=st.integers(2, 6), b=st.integers(2, 6))
def test_counts_ports_and_hops_are_the_closed_forms(sound, hops, rebuilt, a, b):
    topology = zcube(a, b)
    sound(topology)
    rebuilt(topology)
    assert topology.devices == a * b
    assert topology.switches_by_tier == {"switch": a + b}
    assert topology.cables_by_level == {"host-switch": 2 * a * b, "switch-switch": a * b}
    degrees = np.bincount(topology.ends.ravel())
    assert np.all(degrees[: a * b] == 2)
    assert np.all(degrees[a * b : a * b + a] == 2 * b)
    assert np.all(degrees[a * b + a :] == 2 * a)
    group = np.repeat([0, 1], [a, b])
    between = np.where(group[:, None] == group, 2, 1) - 2 * np.eye(a + b, dtype=int)
    assert np.array_equal(hops(topology), between)
    homes = topology.ends[: 2 * a * b, 1].reshape(-1, 2) - a * b
    assert len(np.unique(homes, axis=0)) == a * b, "no two devices share both switches"
    assert np.array_equal(np.unique(group[homes], axis=0), [[0, 1]])


def test_what_is_told_of_its_size_and_cost_comes_out():
    """16,384 NICs with 60 % fewer switches than three tiers; a third fewer ports than a two-tier Clos of the same speed."""
    found, tree = zcube(128, 128), parse("clos:radix=128,endpoints=16384,tiers=3")
    assert found.devices == 16_384
    assert sum(found.switches_by_tier.values()) == 0.4 * sum(tree.switches_by_tier.values())
    planes = parse("multi_plane:nodes=32,rails=1,radix=16,planes=2").cables_by_level
    flat = zcube(4, 8).cables_by_level
    ports = flat["host-switch"] + 2 * flat["switch-switch"]
    assert 3 * ports == 2 * (planes["host-leaf"] + 2 * planes["leaf-spine"])


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [(1, 4, "a must be a whole number >= 2, got 1"), (4, 0, "b must be a whole number >= 2, got 0"),
     (10_000, 10_000, "at most 20,000,000 cables can be held in memory, this size needs 300,000,000")],
)  # fmt: skip
def test_refusals(a, b, message):
    with pytest.raises(InputError, match=f"^zcube: {message}$"):
        zcube(a, b)
