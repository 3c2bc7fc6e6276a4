"""Real dumps: counts that were taken by hand, and what a cut one gets."""

import random
import re
from collections import Counter

import pytest

from fabric.formats import catalog
from topologies.errors import InputError


def read(path, kind=None):
    return catalog.read(path.read_text(), path.name, kind)


def test_ibnetdiscover_counts(data):
    found = read(data / "ibnetdiscover" / "example.out")
    topology = found.topology
    assert topology.switches_by_tier == {"leaf": 31, "spine": 9}
    assert topology.cables_by_level == {"host-leaf": 542, "leaf-spine": 532}
    pairs = Counter(map(tuple, topology.ends[topology.level == 1].tolist()))
    assert Counter(pairs.values()) == {2: 263, 1: 6}
    assert any(loss.startswith("40 aggregation nodes") for loss in found.losses)
    assert any(loss.startswith("69 adapters carry no host's name") for loss in found.losses)
    assert found.fabric.levels["leaf-spine"].speed == 50e9


def test_ibnetdiscover_without_switches(data):
    with pytest.raises(InputError, match=r"^example-bad\.out:10: expected at least one Switch block, got 1 adapters only$"):
        read(data / "ibnetdiscover" / "example-bad.out")


def wiring(found):
    ends = [sorted((found.names[a], found.names[b])) for a, b in found.topology.ends.tolist()]
    return sorted(found.names), sorted(found.nodes), sorted(ends), found.topology.switches_by_tier


def test_a_cut_dump_is_refused_or_still_tells_all(data):
    """Adapters stand last, and their switches tell of them: what is cut there is still known, and said to be one-sided."""
    text = (data / "ibnetdiscover" / "example.out").read_text()
    whole, kept, refused = wiring(catalog.read(text, "whole", "ibnetdiscover")), 0, []
    draw = random.Random(3)  # noqa: S311
    for _ in range(60):
        try:
            found = catalog.read(text[: draw.randrange(len(text) - 1)], "cut", "ibnetdiscover")
        except InputError as error:
            refused.append(str(error))
        else:
            kept += 1
            assert wiring(found) == whole
            assert found.defects
    assert 0 < kept < 60
    assert all(re.match(r"^cut(:\d+)?: expected ", line) for line in refused)


def test_lingjun(data):
    found = read(data / "lingjun2023_topo.csv")
    topology = found.topology
    assert topology.devices == 847
    assert topology.switches_by_tier == {"leaf": 119, "spine": 3, "core": 1}
    hosts = Counter(Counter(topology.ends[topology.level == 0, 1].tolist()).values())
    assert hosts[8] == 68


@pytest.mark.parametrize(
    ("name", "endpoints", "tiers"),
    [
        ("small-tree", 6, {"leaf": 2, "spine": 1}),
        ("medium", 8, {"leaf": 4, "spine": 2, "core": 1}),
        ("nvl72", 72, {"leaf": 4, "spine": 2, "core": 1}),
        ("large", 96, {"leaf": 12, "spine": 6, "core": 1}),
    ],
)
def test_topograph_models(data, name, endpoints, tiers):
    topology = read(data / "topograph_models" / f"{name}.yaml").topology
    assert topology.devices == endpoints
    assert topology.switches_by_tier == tiers


def test_lldp():
    def says(name, port, *, switch):
        ability = [{"type": "Bridge", "enabled": switch}]
        return {"chassis": {name: {"capability": ability}}, "port": {"id": {"type": "ifname", "value": port}}}

    import json

    text = json.dumps(
        {
            "n1": {"lldp": {"interface": {"eth0": says("leaf1", "swp1", switch=True)}}},
            "leaf1": {
                "lldp": {"interface": [{"swp1": says("n1", "eth0", switch=False)}, {"swp2": says("n2", "eth0", switch=False)}]}
            },
        }
    )
    found = catalog.read(text, "lldp.json")
    assert found.topology.switches_by_tier == {"leaf": 1}
    assert found.topology.devices == 2
    assert set(found.ports.values()) == {("eth0", "swp1"), ("eth0", "swp2")}
    assert any(re.match("1 of 2 cables are seen from one end only", loss) for loss in found.losses)


def test_an_mi300x_pair_has_an_xgmi_links_speed_and_not_one_pcie_lanes(data):
    path = data / "field" / "topologies" / "nccl-xgmi-speed.xml"
    if not path.is_file():
        pytest.skip("the shared data folder has no field/topologies")
    (line,) = read(path).fabric.assumptions()
    assert line.startswith("scale-up: 64 GB/s one way a device, 300 ns a link (xGMI 64 GB/s a link by gfx942; ")
