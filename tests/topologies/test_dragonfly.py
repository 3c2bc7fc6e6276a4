import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.dragonfly import ARRANGEMENTS, dragonfly, global_cables
from topologies.errors import InputError

ARRANGEMENT = st.sampled_from(sorted(ARRANGEMENTS))


@given(p=st.integers(1, 3), a=st.integers(1, 5), h=st.integers(1, 3), arrangement=ARRANGEMENT)
def test_the_canonical_one_has_one_cable_per_pair_of_groups(sound, hops, rebuilt, p, a, h, arrangement):
    topology, groups = dragonfly(p, a, h, arrangement=arrangement), a * h + 1
    sound(topology)
    rebuilt(topology)
    assert topology.devices == groups * a * p
    assert topology.switches_by_tier == {"switch": groups * a}
    assert topology.cables_by_level["switch-switch"] == groups * a * (a - 1) // 2 + groups * a * h // 2
    assert np.all(np.bincount(topology.ends.ravel())[topology.devices :] == p + a - 1 + h)
    assert hops(topology).max() <= 3


@given(ports=st.integers(1, 30), data=st.data(), arrangement=ARRANGEMENT)
def test_every_port_is_used_once_and_groups_share_them_evenly(ports, data, arrangement):
    groups = data.draw(st.integers(2, ports + 1))
    cables = global_cables(groups, ports, arrangement)
    used = cables.reshape(-1, 2)
    assert len(np.unique(used, axis=0)) == len(used)
    assert used[:, 1].max(initial=0) < ports
    free = (ports % (groups - 1)) * groups % 2
    assert np.all(np.bincount(used[:, 0], minlength=groups) == ports - free)
    between = np.zeros((groups, groups), dtype=int)
    np.add.at(between, tuple(np.sort(cables[..., 0], axis=1).T), 1)
    pairs = between[np.triu_indices(groups, 1)]
    assert between.sum() == pairs.sum()
    assert pairs.max() - pairs.min() <= 1


@given(a=st.integers(2, 4), h=st.integers(1, 3), data=st.data(), arrangement=ARRANGEMENT)
def test_fewer_groups_keep_the_diameter(hops, rebuilt, a, h, data, arrangement):
    topology = dragonfly(1, a, h, data.draw(st.integers(2, a * h + 1)), arrangement)
    rebuilt(topology)
    assert hops(topology).max() <= 3


@pytest.mark.parametrize(
    ("arrangement", "targets"),
    [("absolute", [0, 1, 3, 4]), ("consecutive", [0, 1, 3, 4]), ("relative", [3, 4, 0, 1]), ("circulant", [3, 1, 4, 0])],
)
def test_the_ports_of_group_2_of_5_in_each_arrangement(arrangement, targets):
    cables = global_cables(5, 4, arrangement)
    both = np.concatenate([cables, cables[:, ::-1]])
    own = both[both[:, 0, 0] == 2]
    assert own[np.argsort(own[:, 0, 1]), 1, 0].tolist() == targets


@pytest.mark.parametrize(("p", "a", "h", "local", "between"), [(4, 8, 4, 924, 528), (16, 32, 17, 270_320, 148_240)])
def test_published_counts(p, a, h, local, between):
    assert dragonfly(p, a, h).cables_by_level["switch-switch"] == local + between


def test_names():
    assert dragonfly(2, 4, 2, 9, "consecutive").name == "dragonfly:p=2,a=4,h=2"
    assert dragonfly(2, 4, 2, 5, "circulant").name == "dragonfly:p=2,a=4,h=2,groups=5,arrangement=circulant"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("dragonfly:p=0,a=4,h=2", "p must be a whole number >= 1, got 0"),
        ("dragonfly:p=1,a=4,h=2,groups=10", "groups must be a whole number from 2 to a*h+1 = 9, got 10"),
        ("dragonfly:p=1,a=4,h=2,groups=1", "groups must be a whole number from 2 to a*h+1 = 9, got 1"),
        (
            "dragonfly:p=1,a=4,h=2,arrangement=random",
            "unknown arrangement 'random'; there are: absolute, consecutive, relative, circulant",
        ),
    ],
)
def test_refusals(spec, message):
    with pytest.raises(InputError, match=f"^dragonfly: {re.escape(message)}$"):
        parse(spec)
