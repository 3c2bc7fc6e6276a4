import pytest

from fabric.network.parts import PARTS
from fabric.network.spec import load, read, write
from topologies.errors import InputError


def test_a_short_form_carries_speeds():
    fabric = load("rail_optimized:nodes=4,scale_up=nvswitch,speed=100Gb/s,latency=1us,scale_up_link=pcie5-x16")
    assert fabric.levels["host-leaf"].speed == 12.5e9
    assert fabric.levels["leaf-spine"].latency == pytest.approx(1e-6)
    assert fabric.levels["scale-up"].speed == 63e9
    assert fabric.nic_speed == 12.5e9


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
    path.write_text("schema: fabricbench.fabric/1\ntopology: star:devices=3\ndegraded: {1: 100Gb/s}\n")
    assert read(path).link_speed.tolist() == [50e9, 50e9, 12.5e9, 12.5e9, 50e9, 50e9]


def test_each_backend_sees_the_level_that_carries_it():
    fabric = load("local:slots=2")
    assert fabric.carrying("gloo").topology.ends[:, 1].tolist() == [3, 3]
    assert fabric.carrying("mpi:openmpi").topology.ends[:, 1].tolist() == [2, 2]
    assert load("star:devices=2").carrying("gloo").topology.name == "star:devices=2"


def test_every_part_names_its_sources_and_date():
    for part in PARTS.values():
        assert part.speed > 0
        assert part.latency > 0
        assert part.speed_source
        assert part.latency_source
        assert part.date.startswith("20")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("topology: star", "schema must be fabricbench.fabric/1, got 'None'"),
        ("schema: fabricbench.fabric/1", "topology: Field required"),
        ("schema: fabricbench.fabric/1\ntopology: star\nspeed: 3", "speed: Extra inputs are not permitted"),
        ("schema: fabricbench.fabric/1\ntopology: star\nlevels: {x: {}}", "star:devices=4 has levels host-leaf, got 'x'"),
        ("schema: fabricbench.fabric/1\ntopology: star\nlevels: {host-leaf: {speed: 400G}}", "host-leaf.speed: must be a rate"),
        ("schema: fabricbench.fabric/1\ntopology: star\ndegraded: {9: 1Gb/s}", r"degraded: cables are 0 \.\.\. 3, got 9"),
        ("a: [", "is not YAML"),
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
        ("fat_tree:k=4,link=400g-nrd", "link: must be a part of the catalogue .* did you mean 400g-ndr"),
        ("absent.yaml", "topo: cannot read absent.yaml"),
    ],
)
def test_bad_short_forms_get_one_line(text, message):
    with pytest.raises(InputError, match=message):
        load(text)
