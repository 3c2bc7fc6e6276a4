"""The catalogue's own files keep its rules; what a user writes is read, checked and counts first."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from fabric.hardware.catalog import VARIABLE, exists, find, names, sources
from fabric.hardware.check import problems
from fabric.hardware.entry import KINDS, entry_of
from fabric.hardware.facts import conflicts, counts
from fabric.hardware.node import node
from topologies.errors import InputError

ROOT = Path(__file__).parents[3]


def values(device: str, quantity: str) -> set[float]:
    """What counts and what contradicts it."""
    entry = find("devices", device)
    figure = entry.facts[quantity]
    return {counts(figure).value, *(fact.value for fact in conflicts(quantity, figure))}


def test_the_catalogue_keeps_its_rules():
    assert problems() == []


def test_it_is_large_enough_to_describe_a_centre_and_no_name_is_of_two_entries():
    assert len(names("devices")) >= 40
    assert len(names("nodes")) >= 25
    every = [name for kind in KINDS for name in names(kind)]
    assert len(set(every)) == len(every)


def test_every_source_is_used_and_says_what_it_is():
    used = {
        fact.source for kind in KINDS for name in names(kind) for figure in find(kind, name).facts.values() for fact in figure
    }
    assert used == set(sources())
    assert all({"title", "kind"} <= set(source) for source in sources().values())


@pytest.mark.parametrize(
    ("device", "quantity", "said"),
    [
        ("br100", "bf16", {1024, 256}),
        ("br104", "bf16", {512, 128}),
        ("mlu590", "bf16", {314, 128, 424, 256}),
        ("rubin", "bf16", {4000, 12500, 7500}),
        ("ascend950dt", "bf16", {486, 1500}),
        ("dcu-k100", "memory", {64, 40, 96}),
        ("gaudi3", "bf16", {1677, 1835}),
        ("rtx4090", "fp16", {330, 165.2}),
        ("ascend910b2", "bf16", {354, 376}),
        ("b300-sxm", "memory", {288, 270, 262}),
    ],
)
def test_conflicts_are_flagged_and_not_averaged(device, quantity, said):
    assert values(device, quantity) == said


def test_a_fact_of_something_else_contradicts_nothing():
    assert values("mi300x", "bf16") == {1307, 1336}  # 2614 is sparse
    assert values("ascend910c", "memory") == {128}  # 64 is of one die
    assert values("h100-sxm", "scale_up_speed") == {450}  # 380 was measured
    assert "rent" not in find("devices", "h100-sxm").conflicts()


@pytest.mark.parametrize(("link", "giga_transfers"), [("pcie4-x16", 16e9), ("pcie5-x16", 32e9)])
def test_lanes_times_rate_is_the_speed_of_pci_express(link, giga_transfers):
    assert find("links", link).number("speed") == pytest.approx(16 * giga_transfers * 128 / 130 / 8, rel=2e-3)


@pytest.mark.parametrize(("name", "per_pair"), [("mi300x-oam", 64e9), ("atlas-800t-a2", 28e9), ("gaudi3-hls3", 75e9)])
def test_a_pair_of_a_full_mesh_times_its_peers_is_the_total(name, per_pair):
    one = node(name)
    assert one.graph == "full_mesh"
    assert per_pair * (one.devices - 1) == pytest.approx(one.scale_up_speed)


@pytest.mark.parametrize(
    ("name", "share"),
    [("dgx-h100", 50e9), ("aws-p5", 50e9), ("oci-h100", 50e9), ("gcp-a3-high", 12.5e9), ("8x4090-dual-root", 12.5e9 / 8)],
)
def test_a_device_has_its_share_of_the_nics(name, share):
    assert node(name).device_nic_speed == pytest.approx(share)


def test_server_and_domain_are_two_notions():
    rack = node("gb200-nvl72")
    assert (rack.devices, rack.server, rack.domain) == (72, 4, 72)
    tray = node("azure-ndgb300")
    assert (tray.devices, tray.server, tray.domain) == (4, 4, 72)


def test_what_a_user_says_counts_first(tmp_path, monkeypatch):
    own = tmp_path / "own.yaml"
    own.write_text(
        "devices:\n  h100-sxm: {facts: {bf16: 650 TFLOP/s}}\n  mine: {facts: {scale_up_speed: 100 GB/s}}\n"
        "nodes:\n  box: {device: mine, graph: full_mesh, facts: {devices: 4 devices, nics: 4 NICs, nic_speed: 100 Gb/s}}\n"
    )
    monkeypatch.setenv(VARIABLE, str(own))
    ours = find("devices", "h100-sxm")
    assert (ours.fact("bf16").value, ours.fact("bf16").source) == (650, str(own))
    assert {fact.value for fact in ours.conflicts()["bf16"]} == {989, 989.5}
    assert node("box").device_nic_speed == 12.5e9
    monkeypatch.delenv(VARIABLE)
    assert find("devices", "h100-sxm").fact("bf16").value == 989
    assert not exists("nodes", "box")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"facts": {"bf17": "1 W"}}, "unknown key 'bf17'; there are: bf16, fp16"),
        ({"colour": "red"}, "unknown key 'colour'; there are: title, facts"),
        ({"facts": {"power": "700"}}, "a fact needs unit"),
        ({"facts": {"power": "700 kW"}}, "the unit must be one of W, got 'kW'"),
        ({"facts": {"power": "many W"}}, "must be a number with a unit such as 400 Gb/s, got 'many'"),
        ({"facts": {"power": "-1 W"}}, "must be above zero, got -1 W"),
        ({"facts": {"power": {"value": 1, "unit": "W", "per": "rack"}}}, "per must be one of package, die, got 'rack'"),
        ({"facts": {"power": []}}, "must hold a fact at least"),
        ({"facts": {"power": [5]}}, "must be a mapping"),
        (None, "must be a mapping"),
    ],
)
def test_a_bad_entry_is_refused_by_its_place(content, words):
    with pytest.raises(InputError, match=r"own.yaml: devices.mine") as error:
        entry_of("own.yaml", "devices", "mine", content, "", "own.yaml")
    assert words in str(error.value)


def test_a_shipped_fact_must_name_its_source():
    with pytest.raises(InputError, match="a fact needs source"):
        entry_of("nvidia.yaml", "devices", "mine", {"facts": {"power": "700 W"}}, "NVIDIA", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot read"),
        ("[", "must be YAML"),
        ("shapes: {}\n", "must hold maker and any of devices, nodes"),
        ("[1]", "must hold"),
    ],
)
def test_a_users_file_that_is_none_is_refused(tmp_path, monkeypatch, text, words):
    if text is not None:
        (tmp_path / "own.yaml").write_text(text)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "own.yaml"))
    with pytest.raises(InputError, match=words):
        find("devices", "h100-sxm")


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [("nodes", "dgx-h10", "no node 'dgx-h10' in the catalogue .did you mean dgx-h100"), ("nics", "x", "no NIC 'x'")],
)
def test_unknown_names_get_the_nearest(kind, name, words):
    with pytest.raises(InputError, match=words):
        find(kind, name)


def test_a_fabric_without_a_node_reads_no_device():
    code = (
        "from fabric.network.spec import load; load('fat_tree:k=4'); from fabric.hardware import catalog\n"
        "assert catalog._content.cache_info().currsize <= 1, 'more than the links was read'"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_entry_goes_to_another_process_as_it_is():
    for kind in KINDS:
        for name in names(kind):
            assert pickle.loads(pickle.dumps(find(kind, name))) == find(kind, name)  # noqa: S301  # our own bytes
