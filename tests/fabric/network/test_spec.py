import numpy as np
import pytest

from fabric.hardware.catalog import names
from fabric.network.parts import part
from fabric.network.spec import load, read, wiring, write
from topologies.errors import InputError


def test_a_short_form_carries_speeds():
    fabric = load("rail_optimized:nodes=4,scale_up=nvswitch,speed=100Gb/s,latency=1us,scale_up_link=pcie5-x16")
    assert fabric.levels["host-leaf"].speed == 12.5e9
    assert fabric.levels["leaf-spine"].latency == pytest.approx(1e-6)
    assert fabric.levels["scale-up"].speed == 63e9
    assert fabric.nic_speed == 12.5e9


@pytest.mark.parametrize(
    ("kind", "part", "total"),
    [
        ("nvswitch", "nvlink4", 450e9),
        ("nvswitch_chips", "nvlink4", 450e9),
        ("nvl72", "nvlink5", 900e9),
        ("cloudmatrix", "ub-910c", 392e9),
        ("pcie_tree", "pcie4-x16", 31.5e9),
    ],
)
def test_what_is_inside_nodes_has_the_speed_of_the_machine_it_is_known_from(tmp_path, kind, part, total):
    spec = f"star:devices=8,devices_per_node=8,scale_up={kind}"
    (tmp_path / "f.yaml").write_text(f"schema: fabricbench.fabric/2\ntopology: {spec}\n")
    for text in (spec, str(tmp_path / "f.yaml")):
        level = load(text).levels["scale-up"]
        assert (level.speed, level.source) == (total, f"part {part}")


def test_one_wiring_two_fabrics():
    slow, fast = load("fat_tree:k=4,link=400g-ndr"), load("fat_tree:k=4,link=800g-xdr")
    assert slow.topology.name == fast.topology.name
    assert slow.fingerprint != fast.fingerprint
    assert slow.fingerprint == load("fat_tree:k=4,speed=50GB/s,latency=300ns").fingerprint


@pytest.mark.parametrize("text", ["fat_tree:k=4,speed=123.456Gb/s,latency=321ns", "star:devices=3", "local:slots=2"])
def test_files_come_back_with_the_same_fingerprint(tmp_path, text):
    fabric = load(text)
    write(fabric, tmp_path / "f.yaml")
    again = load(str(tmp_path / "f.yaml"))
    assert again.fingerprint == fabric.fingerprint
    assert again.carriers == fabric.carriers


def test_degraded_cables_are_slower_both_ways(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("schema: fabricbench.fabric/2\ntopology: star:devices=3\ndegraded: {1: 100Gb/s}\n")
    assert read(path).link_speed.tolist() == [50e9, 50e9, 12.5e9, 12.5e9, 50e9, 50e9]


def test_each_backend_sees_the_level_that_carries_it():
    fabric = load("local:slots=2")
    assert fabric.carrying("gloo").topology.ends[:, 1].tolist() == [3, 3]
    assert fabric.carrying("mpi:openmpi").topology.ends[:, 1].tolist() == [2, 2]
    assert load("star:devices=2").carrying("gloo").topology.name == "star:devices=2"


@pytest.mark.parametrize("name", names("links"))
def test_every_part_names_its_sources_and_dates(name):
    one = part(name)
    assert one.speed > 0
    assert one.latency > 0
    for fact in (one.of_speed, one.of_latency):
        assert fact.date.startswith("20")
        assert fact.note or fact.source != "assumed"


@pytest.mark.parametrize(
    ("name", "speed", "latency"),
    [
        ("400g-ndr", 50e9, 300e-9),
        ("800g-xdr", 100e9, 300e-9),
        ("400gbe", 50e9, 800e-9),
        ("800gbe", 100e9, 800e-9),
        ("100gbe", 12.5e9, 800e-9),
        ("nvlink4", 450e9, 300e-9),
        ("nvlink5", 900e9, 300e-9),
        ("ub-910c", 392e9, 300e-9),
        ("pcie4-x16", 31.5e9, 500e-9),
        ("pcie5-x16", 63e9, 500e-9),
        ("loopback", 1.64e9, 4.76e-6),
    ],
)
def test_links_have_the_figures_that_fabrics_were_built_with_before(name, speed, latency):
    assert (part(name).speed, part(name).latency) == pytest.approx((speed, latency), rel=1e-12)


MESH = "star:devices=16,devices_per_node=8,scale_up=full_mesh"
OLD = """schema: fabricbench.fabric/1
topology: {topology}
levels:
  scale-up: {{speed: {speed}, latency: 300ns, source: part nvlink4}}
"""


def old(tmp_path, topology, speed, more=""):
    (tmp_path / "old.yaml").write_text(OLD.format(topology=topology, speed=speed) + more)
    return load(str(tmp_path / "old.yaml"))


@pytest.mark.parametrize(
    ("topology", "lanes", "fingerprint"),
    [
        (MESH, 7, "268e715b87b0"),
        (MESH.replace("full_mesh", "nvl72"), 18, "3eb4f193f55e"),
        (MESH.replace("full_mesh", "nvswitch_chips"), 18, "e163064b2845"),
        (MESH.replace("full_mesh", "ring"), 2, "50da99bd6179"),
        (MESH.replace("full_mesh", "cloudmatrix"), 7, None),
        (MESH.replace("16", "11"), 7, None),
    ],
)
def test_a_file_of_before_keeps_every_cables_speed_and_says_what_it_means(tmp_path, topology, lanes, fingerprint):
    """fingerprint: what the file had before, where every lane of the wiring is still the same lane."""
    fabric = old(tmp_path, topology, "450GB/s")
    wiring = fabric.topology
    inside = np.flatnonzero(wiring.level == wiring.scale_up_level)
    width = wiring.lanes[inside] if "cloudmatrix" not in topology else 1
    assert fabric.link_speed[2 * inside] == pytest.approx(450e9 * width)
    assert fabric.levels["scale-up"].speed == lanes * 450e9
    assert "450 GB/s a lane, as files of fabricbench.fabric/1 mean it" in fabric.assumptions()[-1]
    assert fingerprint in (None, fabric.fingerprint)
    write(fabric, tmp_path / "new.yaml")
    again = load(str(tmp_path / "new.yaml"))
    assert again.fingerprint == fabric.fingerprint
    assert again.link_speed == pytest.approx(fabric.link_speed)


def test_a_file_of_before_with_one_lane_a_device_is_what_it_says(tmp_path):
    fabric = old(tmp_path, MESH.replace("full_mesh", "nvswitch"), "450GB/s")
    assert (fabric.fingerprint, fabric.levels["scale-up"].source) == ("c3d927577a56", "part nvlink4")


def test_a_part_in_a_file_of_before_is_one_devices_as_parts_are(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(f"schema: fabricbench.fabric/1\ntopology: {MESH}\nlevels: {{scale-up: {{part: nvlink4}}}}\n")
    assert load(str(path)).fingerprint == load(f"{MESH},scale_up_link=nvlink4").fingerprint


def test_a_degraded_cable_of_a_file_of_before_stays_as_slow(tmp_path):
    fabric = old(tmp_path, MESH.replace("16", "11"), "28GB/s", "degraded: {11: 7GB/s, 40: 3GB/s}\n")
    assert fabric.link_speed[[22, 24, 80, 82]].tolist() == pytest.approx([7e9, 28e9, 3e9, 28e9])


def test_nodes_of_two_sizes_tell_a_lanes_speed_from_a_devices(tmp_path):
    """A lane of the full node is as fast in both; the smaller node's devices have fewer lanes, or faster ones."""
    mesh = MESH.replace("16", "11")
    assert old(tmp_path, mesh, "28GB/s").fingerprint != load(f"{mesh},scale_up_speed=196GB/s").fingerprint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("topology: star", "schema must be fabricbench.fabric/2, or fabricbench.fabric/1 of before, got 'None'"),
        ("schema: fabricbench.fabric/2", "topology: Field required"),
        ("schema: fabricbench.fabric/2\ntopology: star\nspeed: 3", "speed: Extra inputs are not permitted"),
        ("schema: fabricbench.fabric/2\ntopology: star\nlevels: {x: {}}", "star:devices=4 has levels host-leaf, got 'x'"),
        ("schema: fabricbench.fabric/2\ntopology: star\nlevels: {host-leaf: {speed: 400G}}", "host-leaf.speed: must be a rate"),
        ("schema: fabricbench.fabric/2\ntopology: star\ndegraded: {9: 1Gb/s}", r"degraded: cables are 0 \.\.\. 3, got 9"),
        ("a: [", "must be YAML"),
    ],
)
def test_bad_files_get_one_line(tmp_path, content, message):
    path = tmp_path / "f.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        load(str(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fat_tree:k=4,speed=400G", r"speed: must be a rate .* got '400G'"),
        ("fat_tree:k=4,speed=0GB/s", "speed: must be above zero"),
        ("fat_tree:k=4,link=400g-nrd", "link: must be a part of the catalogue .*did you mean 400g-ndr"),
        ("absent.yaml", "topo: cannot read absent.yaml"),
    ],
)
def test_bad_short_forms_get_one_line(text, message):
    with pytest.raises(InputError, match=message):
        load(text)


BEYOND = [
    ("speed=400TB/s", "speed: must be plausible, 0.000125 GB/s to 1,600 GB/s .* got 400,000 GB/s; to insist"),
    ("speed=400b/s", "speed: must be plausible"),
    ("latency=3s", "latency: must be plausible, 0 ns to 500 ms .* got 3 s; to insist"),
    ("scale_up=nvswitch,scale_up_speed=900TB/s", "scale_up_speed: must be plausible, 1 GB/s to 20,000 GB/s"),
    ("scale_up=nvswitch,scale_up_speed=1MB/s", "scale_up_speed: must be plausible, 1 GB/s to 20,000 GB/s .* got 0.001 GB/s"),
    (
        "scale_up=host_memory,scale_up_speed=900GB/s",
        "scale_up_speed: must be plausible, 0.1 GB/s to 500 GB/s .PCIe .* to insist",
    ),
    ("scale_up=nvswitch,scale_up_latency=2ms", "scale_up_latency: must be plausible, 0 ns to 1 ms"),
]


@pytest.mark.parametrize(("keys", "message"), BEYOND)
def test_figures_beyond_reason_are_refused_unless_forced(keys, message):
    text = f"star:devices=4,devices_per_node=4,{keys}"
    with pytest.raises(InputError, match=message):
        load(text)
    assert load(text, force=True).topology.devices == 4


def test_a_file_with_a_source_insists(tmp_path):
    path = tmp_path / "f.yaml"
    level = "schema: fabricbench.fabric/2\ntopology: star\nlevels: {host-leaf: {latency: 3s%s}}\n"
    path.write_text(level % "")
    with pytest.raises(InputError, match="latency: must be plausible"):
        load(str(path))
    path.write_text(level % ", source: a relay by way of the Moon")
    assert load(str(path)).levels["host-leaf"].latency == 3.0
    write(load("star:speed=400TB/s", force=True), path)
    assert load(str(path)).levels["host-leaf"].speed == 4e14


def test_a_wiring_has_its_node_put_in_and_no_speeds():
    family, params = wiring("rail_optimized:nodes=4,rails=8,radix=64,speed=200Gb/s,latency=1us,node=dgx-h100")
    assert family == "rail_optimized"
    assert params["scale_up"] == load("rail_optimized:nodes=4,rails=8,radix=64,node=dgx-h100").topology.params["scale_up"]
    assert not {"node", "speed", "latency"} & set(params)
