"""Drawings: well-formed, self-contained, folded to a readable size, with the cables that are there and no other."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from fabric.report.wiring.drawing import page, svg, told, write
from fabric.report.wiring.layout import WIDTH, layout
from fabric.report.words.review import words
from topologies.catalog import parse
from topologies.errors import InputError
from topologies.hops import scale_out_ends

SPECS = [
    "star:devices=3",
    "local:slots=4",
    "fat_tree:k=4",
    "fat_tree:k=16,devices_per_node=8,scale_up=nvswitch",
    "leaf_spine:leaves=60,spines=20,hosts_per_leaf=3",
    "rail_optimized:nodes=127,rails=8,radix=64",
    "rail_only:nodes=4,scale_up=nvswitch",
    "dual_tor:nodes=16",
    "torus:dims=4x4x4,hosts=0",
    "torus:dims=16x16,hosts=1",
    "torus:dims=8,hosts=0",
    "ring:switches=300,hosts=0",
    "dragonfly:p=2,a=4,h=2",
    "slim_fly:q=5",
    "bcube:n=4,k=1",
    "dcell:n=4,k=1",
    "hyperx:dims=4x4,hosts=2",
    "jellyfish:switches=40,degree=4,hosts=2,seed=1",
]
NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("spec", SPECS)
def test_a_drawing_is_well_formed_and_has_the_cables_between_what_is_drawn(spec):
    topology = parse(spec)
    plan, drawn = layout(topology), ET.fromstring(svg(topology))  # noqa: S314  # our own text
    paths = list(drawn.iter(f"{NAMESPACE}path"))
    ends = scale_out_ends(topology)
    seen = np.isin(ends, plan.vertices).all(axis=1)
    assert len(paths) == len(np.unique(np.sort(ends[seen], axis=1), axis=0)) > 0
    marks = [e for e in drawn.iter() if e.tag in (f"{NAMESPACE}circle", f"{NAMESPACE}rect") and e.get("stroke") == "#fff"]
    assert len(marks) == len(plan.vertices) == len(np.unique(plan.vertices)) <= 220


@pytest.mark.parametrize("spec", SPECS)
def test_nothing_stands_outside_or_on_another(spec):
    plan = layout(parse(spec))
    assert plan.x.min() > 0
    assert plan.x.max() < WIDTH
    assert plan.y.min() > 0
    assert plan.y.max() < plan.height
    places = np.round(np.stack([plan.x, plan.y]), 1)
    assert len(np.unique(places, axis=1).T) == len(plan.vertices)


def test_large_fabrics_are_folded_and_say_so():
    text = svg(parse("fat_tree:k=32"))
    assert "leaf: 8 of 512" in text
    assert "One of 32 pods is drawn, in part; the other 31 hang on the same top tier in the same way." in text
    assert "The first 160 of 300 are drawn." in svg(parse("ring:switches=300,hosts=0"))
    assert "The corner 5x5x5 of 16x16x16 is drawn." in svg(parse("torus:dims=16x16x16,hosts=0"))


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("rail_optimized:nodes=127,rails=8,radix=64", ["rail 0", "rail 7"]),
        ("dual_tor:nodes=16", ["plane 0", "plane 1"]),
        ("fat_tree:k=4", ["pod 0", "pod 3"]),
        ("fat_tree:k=64", ["leaf", "spine", "core"]),
    ],
)
def test_colours_stand_for_rails_planes_pods_or_tiers(spec, names):
    assert set(names) <= {told(note, words("en")) for note in layout(parse(spec)).legend}


def test_a_page_loads_nothing_and_trusts_no_text():
    text = page("<a>", svg(parse("star:devices=3")), {"x": "<script>"})
    assert "<script>" not in text
    assert "&lt;a&gt;" in text
    assert text.count("http") == text.count("http://www.w3.org/2000/svg") == 1


def test_a_file_that_cannot_be_written_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^output: cannot write .*; choose a folder that can be written$"):
        write(parse("star:devices=3"), {}, html=tmp_path / "file" / "a.html")
