"""What a fabric's switches and library use: whose word counts, where it is written, and what it is refused for."""

import pytest

from fabric.network.spec import load, read, write
from topologies.errors import InputError

BOX = "nodes:\n  box: {device: h100-sxm, graph: nvswitch, nvls: off, ll128: 'on', facts: {devices: 8 devices, nics: 8 NICs}}\n"


@pytest.fixture
def box(tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_text(BOX)
    monkeypatch.setenv("FABRICBENCH_HARDWARE", str(tmp_path / "own.yaml"))


def test_nothing_is_said_by_default():
    assert load("dgx-h100:nodes=2").uses == {}
    assert load("fat_tree:k=4").uses == {}


@pytest.mark.usefixtures("box")
def test_a_key_wins_over_the_node_and_the_rest_stays():
    assert load("box:nodes=2").uses == {"nvls": False, "ll128": True}
    assert load("box:nodes=2,nvls=on,sharp=off").uses == {"nvls": True, "ll128": True, "sharp": False}


def test_wiring_speeds_and_fingerprint_are_the_same_whatever_is_said():
    plain, off = load("dgx-h100:nodes=2"), load("dgx-h100:nodes=2,nvls=off,ll128=off,sharp=on")
    assert plain.fingerprint == off.fingerprint
    assert plain.topology.name == off.topology.name


@pytest.mark.parametrize("text", ["dgx-h100:nodes=2,nvls=off,sharp=on", "fat_tree:k=4,sharp=off"])
def test_a_file_gives_them_back(tmp_path, text):
    fabric = load(text)
    write(fabric, tmp_path / "f.yaml")
    assert read(tmp_path / "f.yaml").uses == fabric.uses
    assert f"sharp: {'on' if fabric.uses['sharp'] else 'off'}" in "\n".join(fabric.assumptions())


def test_a_file_says_it_beside_the_node_or_in_its_topology(tmp_path):
    for extra, topology in (("uses: {nvls: off}\n", "rail_optimized:nodes=2"), ("", "rail_optimized:nodes=2,nvls=off")):
        (tmp_path / "f.yaml").write_text(f"schema: fabricbench.fabric/2\ntopology: '{topology}'\nnode: dgx-h100\n{extra}")
        assert read(tmp_path / "f.yaml").uses == {"nvls": False}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dgx-h100:nodes=2,nvls=maybe", "nvls: must be on or off, got 'maybe'"),
        ("atlas-800t-a2:nodes=2,nvls=on", "nvls: on needs switches inside nodes that add"),
        ("fat_tree:k=4,nvls=on", "got scale_up=none"),
    ],
)
def test_what_cannot_be_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        load(text)


def test_an_unknown_key_of_a_file_is_refused(tmp_path):
    (tmp_path / "f.yaml").write_text("schema: fabricbench.fabric/2\ntopology: fat_tree:k=4\nuses: {nvsl: on}\n")
    with pytest.raises(InputError, match="uses: must be of nvls, ll128, sharp, got 'nvsl'"):
        read(tmp_path / "f.yaml")


def test_a_node_that_says_neither_is_refused(tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_text(BOX.replace("nvls: off", "nvls: perhaps"))
    monkeypatch.setenv("FABRICBENCH_HARDWARE", str(tmp_path / "own.yaml"))
    with pytest.raises(InputError, match="node box: nvls must be on or off, got 'perhaps'"):
        load("box:nodes=2")


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("dgx-h100:nodes=2,nvsl=off", "nvls"),
        ("fat_tree:k=4,sped=1Gb/s", "speed"),
        ("star:scale_upspeed=1Gb/s", "scale_up_speed"),
    ],
)
def test_a_misspelt_key_of_a_fabric_is_named(text, near):
    with pytest.raises(InputError, match=rf"unknown parameter '\w+' \(did you mean {near}\?\)"):
        load(text)
