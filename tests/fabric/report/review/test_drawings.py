"""Drawings of candidates: well-formed, in letters that can be read, every word in the page's language."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from fabric.report.review import drawings
from fabric.report.wiring.drawing import told
from fabric.report.wiring.layout import layout
from fabric.report.words.review import words
from topologies import catalog
from topologies.base import Topology

TOPOS = (
    "fat_tree:k=4", "fat_tree:k=16", "rail_optimized:nodes=64,rails=8,radix=16,scale_up=nvswitch", "torus:dims=4x4",
    "torus:dims=12x12x12", "dragonfly:a=4,h=2,p=2", "multi_plane:nodes=8,rails=4,planes=2,radix=16", "bcube:n=4,k=1",
)  # fmt: skip


def built(topo: str) -> Topology:
    family, params = catalog.split_spec(topo)
    return catalog.build(family, params)


@pytest.mark.parametrize("topo", TOPOS)
def test_every_word_of_a_drawing_has_a_word_of_the_page(topo):
    plan = layout(built(topo))
    notes = {*plan.legend, *plan.notes, *(name for _, name in plan.names)}
    same = {note.kind for note in notes if told(note, words("zh")) == told(note, words("en"))}
    assert same <= {"pod"}, "field's own word"


@pytest.mark.parametrize("topo", TOPOS)
def test_a_drawing_is_well_formed_and_has_the_names_of_its_layers_and_no_other_text(topo):
    topology = built(topo)
    plan = layout(topology)
    drawing = ET.fromstring(drawings.drawn(topology, plan, words("en")))  # noqa: S314  # our own text
    texts = [element.text for element in drawing.iter() if element.tag.endswith("text")]
    assert sorted(texts) == sorted(told(name, words("en")) for _, name in plan.names)
    left, _, width, height = (float(part) for part in drawing.get("viewBox").split())
    assert height == plan.height + (0 if texts else 2 * drawings.BULGE)
    assert left <= min(float(element.get("x")) for element in drawing.iter() if element.get("x")) if texts else left == 0
    assert left + width >= max(plan.x)
