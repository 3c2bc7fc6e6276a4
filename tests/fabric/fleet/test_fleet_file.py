"""A fleet's YAML: what it means, and one line for what is wrong."""

import pytest
import yaml

from fabric.fleet.fleet_file import FleetFile, fleet_of, links_of, load, of_text, parse, policies_of, schema
from fabric.fleet.links import BOTH_ENDS
from topologies.errors import InputError

TOPO = "leaf_spine:leaves=4,spines=1,hosts_per_leaf=4,uplinks=1"
WHOLE = f"""
name: a small centre
topo: "{TOPO}"
pools:
  - {{name: old, nodes: 10, devices: 8, kind: A800, nodes_off: 5}}
  - {{name: new, nodes: 6, node: dgx-h100}}
power: {{busy: 700, idle: 100, pue: 1.4, source: a test}}
prices: {{currency: CNY, device_hour: 3, charged: 8, kwh: 0.6, fixed_per_year: 1.0e6, source: a test, date: 2026}}
failures: {{node_mtbf_hours: 2000, repair_median_hours: 20, repair_p90_hours: 300, source: a test}}
policies: [fifo+scattered, easy+tree]
links: [{{load: mean, pattern: ring}}]
seeds: 2
"""


def test_a_whole_file_is_a_fleet(tmp_path):
    (tmp_path / "fleet.yaml").write_text(WHOLE)
    asked = load(tmp_path / "fleet.yaml")
    found = fleet_of(asked)
    assert [(pool.name, pool.nodes, pool.devices, pool.kind, pool.off) for pool in found.pools] == [
        ("old", 10, 8, "A800", 5),
        ("new", 6, 8, "h100-sxm", 0),
    ]
    assert (found.devices, found.devices_on, found.name) == (128, 88, "a small centre")
    assert (found.prices.currency, found.prices.source, found.power.pue) == ("CNY", "a test, 2026", 1.4)
    assert found.rates.node_mtbf_hours == 2000
    assert [one.name for one in policies_of(asked)] == ["fifo+scattered", "easy+tree"]
    assert [one.pattern for one in links_of(asked)] == ["ring"]


def test_any_topo_is_a_fleet_without_prices(tmp_path):
    asked, found = of_text(TOPO)
    assert (found.devices, found.prices, found.power) == (16, None, None)
    assert links_of(asked) == list(BOTH_ENDS)
    (tmp_path / "n.conf").write_text("SwitchName=t Switches=a,b\nSwitchName=a Nodes=n[1-4]\nSwitchName=b Nodes=m[1-4]\n")
    file = tmp_path / "fleet.yaml"
    file.write_text("topo: n.conf\ndevices: 8\nratio: 4\nnodes_off: 2\n")
    _, found = of_text(str(file))
    assert (found.devices, found.devices_on, found.tree.ratios) == (64, 48, (4.0,))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"topology": "x"}, r"topology: no such key \(did you mean topo\?\); there are name, topo"),
        ({"topo": ""}, "topo: string should have at least 1 character, got ''"),
        ({False: 3}, "off: is YAML's word for false, no key; write nodes_off"),
        ({"seeds": 0}, "seeds: input should be greater than or equal to 1, got 0"),
        ({"power": {"busy": 100, "idle": 200, "source": "x"}}, r"power\.idle: must be at most busy, 100 W, got 200"),
        ({"power": {"busy": 100}}, r"power: needs busy, idle and source, or a device of the hardware catalogue, got"),
        ({"prices": {"currency": "CNY", "kwh": -1, "source": "x"}}, r"prices\.kwh: input should be greater than or equal to 0"),
        ({"prices": {"currency": "CNY", "cwh": 1, "source": "x"}}, r"prices\.cwh: no such key \(did you mean kwh\?\); "),
        ({"jobs": {"load": 0}}, r"jobs\.load: input should be greater than 0, got 0"),
    ],
)
def test_what_is_wrong_is_one_line(change, line):
    with pytest.raises(InputError, match=line):
        parse({"topo": TOPO, **change})


def test_what_only_the_fleet_knows_is_one_line_too(tmp_path):
    for change, line in [
        ({"pools": [{"name": "a", "nodes": 3, "devices": 8}]}, "fleet: pools must hold the network's 16 nodes, got 3"),
        ({"pools": [{"name": "a", "nodes": 16}]}, "pools: 'a' needs devices of a node, or a node of the hardware catalogue"),
        ({"nodes_off": 17}, "pool 'all': off must be from 0 to its 16 nodes, got 17"),
        ({"failures": {"node_mtbf_hours": 3}}, "failures: node_mtbf_hours goes with repair_median_hours"),
    ]:
        with pytest.raises(InputError, match=line):
            fleet_of(parse({"topo": TOPO, **change}))
    with pytest.raises(InputError, match="policy: must be words of"):
        policies_of(parse({"topo": TOPO, "policies": ["best"]}))
    (tmp_path / "f.yaml").write_text("topo: x\nseeds: many\n")
    with pytest.raises(InputError, match=r"f\.yaml: seeds: input should be a valid integer"):
        load(tmp_path / "f.yaml")


def test_outages_are_read_from_a_csv(tmp_path):
    trace = tmp_path / "faults.csv"
    trace.write_text("node,start_hours,end_hours\n3,1,2.5\n4,2,\n")
    found = fleet_of(parse({"topo": TOPO, "failures": {"trace": str(trace)}}))
    assert [(o.node, o.start_us, o.end_us) for o in found.outages] == [
        (3, 3_600_000_000, 9_000_000_000),
        (4, 7_200_000_000, None),
    ]
    trace.write_text("node,start_hours,end_hours\n3,x,2\n")
    with pytest.raises(InputError, match=r"faults\.csv:2 start_hours: must be a finite number"):
        fleet_of(parse({"topo": TOPO, "failures": {"trace": str(trace)}}))


def test_the_schema_names_every_key():
    assert set(schema()["properties"]) == set(FleetFile.model_fields)
    assert yaml.safe_load(WHOLE).keys() <= schema()["properties"].keys()


def test_a_pools_processors_and_memory_are_those_of_a_node():
    pools = [{"name": "a", "nodes": 16, "devices": 8, "processors": 96.5, "memory": "768GiB"}]
    (pool,) = fleet_of(parse({"topo": TOPO, "pools": pools})).pools
    assert (pool.processors, pool.memory) == (96_500, 786_432)
    with pytest.raises(InputError, match="pools: 'a' memory: "):
        fleet_of(parse({"topo": TOPO, "pools": [{**pools[0], "memory": "much"}]}))
