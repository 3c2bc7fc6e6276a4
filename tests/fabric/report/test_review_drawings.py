"""Drawings of candidates: every word that is drawn is in the page's language."""

from __future__ import annotations

import html
import re

import pytest

from fabric.report import review_drawings, wiring
from fabric.report.review_words import words
from topologies import catalog


@pytest.mark.parametrize(
    "topo",
    [
        "fat_tree:k=4", "fat_tree:k=16", "rail_optimized:nodes=64,rails=8,radix=16,scale_up=nvswitch", "torus:dims=4x4",
        "torus:dims=12x12x12", "dragonfly:a=4,h=2,p=2", "multi_plane:nodes=8,rails=4,planes=2,radix=16",
    ],
)  # fmt: skip
def test_every_word_of_a_drawing_has_a_word_of_the_page(topo):
    family, params = catalog.split_spec(topo)
    drawn = wiring.svg(catalog.build(family, params))
    texts = [html.unescape(text) for _, text, _ in review_drawings.TEXT.findall(drawn)[2:]]
    tiers = {"host", "leaf", "spine", "core"}
    said = {text: review_drawings.told(text, words("zh")) for text in texts if text not in tiers}
    assert said
    same = {text for text, chinese in said.items() if text == chinese}
    assert {text for text in same if not re.fullmatch(r"(pod|leaf) \d+", text)} == set()
