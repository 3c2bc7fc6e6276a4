"""What is written is read back the same; what is malformed or cut is refused in one line with file and line."""

import random
import re

import numpy as np
import pytest

from fabric.formats import catalog
from fabric.formats.named import named
from fabric.network.spec import load
from topologies.errors import InputError

TOPOLOGIES = [
    "star:devices=3",
    "fat_tree:k=4",
    "rail_optimized:nodes=31,rails=8,radix=64,scale_up=nvswitch",
    "leaf_spine:leaves=3,spines=2,hosts_per_leaf=4,uplinks=4,devices_per_node=2",
    "local:slots=4",
    "star:devices=7,devices_per_node=4,scale_up=full_mesh",
    "star:devices=8,devices_per_node=4,scale_up=nvswitch_chips",
]
BOTH = [key for key, found in catalog.FORMATS.items() if found.reads and found.writes]
CAN_TELL = [key for key in BOTH if key != "csv"]


def check(error, start):
    assert "\n" not in str(error)
    assert re.match(start, str(error)), str(error)


@pytest.mark.parametrize("topo", TOPOLOGIES)
@pytest.mark.parametrize("kind", ["node-link", "graphml"])
def test_lossless_formats_give_the_very_fabric_back(kind, topo):
    before = named(load(f"{topo},speed=123.4Gb/s" if not topo.startswith("local") else topo))
    written = catalog.write(before, kind)
    after = catalog.read(written.text, "x", kind)
    assert written.losses == () == after.losses
    assert after.fabric.fingerprint == before.fabric.fingerprint
    assert after.names == before.names
    assert after.nodes == before.nodes
    assert np.array_equal(after.topology.ends, before.topology.ends)
    assert catalog.write(after, kind).text == written.text


@pytest.mark.parametrize("topo", TOPOLOGIES)
@pytest.mark.parametrize("kind", BOTH)
def test_a_second_round_changes_nothing(kind, topo):
    try:
        once = catalog.write(named(load(topo)), kind).text
    except InputError as error:
        pytest.skip(f"it cannot be said in this format: {error}")
    twice = catalog.write(catalog.read(once, "x", kind), kind).text
    again = catalog.write(catalog.read(twice, "x", kind), kind).text
    assert twice == again


@pytest.mark.parametrize("kind", ["node-link", "graphml", "csv"])
@pytest.mark.parametrize("topo", ["star:devices=7,devices_per_node=4,scale_up=full_mesh", "star:devices=8,scale_up=nvl72"])
def test_files_of_before_meant_a_lane_by_the_speed_inside_nodes(kind, topo):
    """Every cable has a speed of its own in these files; the level's was one lane's then, and is one device's now."""
    topo = topo if "per_node" in topo else f"{topo},devices_per_node=8"
    new = catalog.write(named(load(f"{topo},scale_up_speed=90GB/s")), kind).text
    lane = 90e9 / (3 if "full_mesh" in topo else 18)
    before = new.replace("fabricbench.cables/2", "fabricbench.cables/1").replace("90000000000.0", repr(lane))
    found, same = catalog.read(before, "x", kind).fabric, catalog.read(new, "x", kind).fabric
    assert found.link_speed == pytest.approx(same.link_speed)
    assert found.levels["scale-up"].speed == pytest.approx(90e9)
    assert kind == "csv" or "a lane, as files of fabricbench.cables/1 mean it" in found.levels["scale-up"].source


@pytest.mark.parametrize("kind", ["csv", "infragraph", "simgrid-xml"])
def test_wiring_and_speeds_survive_where_the_format_holds_them(kind):
    before = named(load("fat_tree:k=4,speed=200Gb/s"))
    after = catalog.read(catalog.write(before, kind).text, "x", kind)
    assert after.topology.switches_by_tier == before.topology.switches_by_tier
    assert after.topology.cables_by_level == before.topology.cables_by_level
    assert set(after.fabric.link_speed) == {25e9}


def test_every_loss_is_named():
    fabric = named(load("rail_optimized:nodes=32,scale_up=nvswitch"))
    for kind in catalog.writable():
        losses = catalog.write(fabric, kind).losses
        assert (losses == ()) == (kind in ("node-link", "graphml")), kind


@pytest.mark.parametrize("kind", BOTH)
def test_a_file_cut_anywhere_is_refused_in_one_line(kind):
    text = catalog.write(named(load("leaf_spine:leaves=3,spines=2,hosts_per_leaf=4,devices_per_node=2")), kind).text
    whole = catalog.write(catalog.read(text, "x", kind), "node-link").text
    draw = random.Random(7)  # noqa: S311  # where to cut
    for place in sorted({draw.randrange(len(text)) for _ in range(150)}):
        try:
            again = catalog.read(text[:place], "some.file", kind)
        except InputError as error:
            check(error, r"some\.file(:\d+)?: ")
        else:
            told = any("may be cut" in defect.told for defect in again.defects)
            same = catalog.write(again, "node-link").text.replace("some.file", "x") == whole
            assert told or same, f"half of it was read without a word: {place}"


@pytest.mark.parametrize("kind", catalog.readable())
@pytest.mark.parametrize(
    "text", ["", "\n", "{}\n", "[]\n", "a: b\n", "<a/>\n", "source,target\n", "\x00\n", "[[[\n", '{"nodes": [1]}\n', "null\n"]
)
def test_nonsense_is_refused_in_one_line(kind, text):
    with pytest.raises(InputError, match=r"^bad\.file(:\d+)?: ") as error:
        catalog.read(text, "bad.file", kind)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", BOTH)
def test_garbled_files_never_end_in_a_traceback(kind):
    text = catalog.write(named(load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=2")), kind).text
    draw = random.Random(11)  # noqa: S311
    for _ in range(150):
        place = draw.randrange(len(text))
        garbled = (
            text[:place]
            + draw.choice(["", "-9", "x", "[", "<", '"', ":", "\n", "99999999999", "null", "]"])
            + text[place + draw.randrange(4) :]
        )
        try:
            catalog.read(garbled, "x", kind)
        except InputError as error:
            check(error, "")


@pytest.mark.parametrize("kind", BOTH)
def test_what_we_write_is_known_by_its_content(kind):
    text = catalog.write(named(load("fat_tree:k=4")), kind).text
    assert catalog.guess(text, f"file{catalog.FORMATS[kind].suffix}") == kind


def test_unknown_formats_name_what_exists():
    with pytest.raises(InputError, match=r"unknown format 'grafml' \(did you mean graphml\?\); there are: "):
        catalog.read("x", "x", "grafml")


def test_a_wiring_that_is_not_the_one_it_claims_is_read_as_observed():
    text = catalog.write(named(load("fat_tree:k=4")), "node-link").text
    lines = text.splitlines()
    row = next(i for i, line in enumerate(lines) if '"target": "core3"' in line)
    lines[row] = lines[row].replace("core3", "core2")
    found = catalog.read("\n".join(lines), "x", "node-link")
    assert found.topology.family == "observed"
    assert any("its cables are another wiring" in loss for loss in found.losses)


def test_entities_are_never_expanded():
    bomb = '<?xml version="1.0"?><!DOCTYPE graphml [<!ENTITY a "aaaa">]><graphml>&a;</graphml>'
    with pytest.raises(InputError, match="without entity declarations"):
        catalog.read(bomb, "x", "graphml")
    with pytest.raises(InputError, match="aliases are not read"):
        catalog.read("- topology: &a x\n- topology: *a\n", "x", "slurm-yaml")
