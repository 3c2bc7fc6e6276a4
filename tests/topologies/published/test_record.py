import re
from dataclasses import replace

import pytest

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.published.record import Difference, Published, check, counted, report

TINY = Published("tiny", "fat_tree:k=4", "a page", "2026", {"endpoints": 16, "leaf": 8, "spine-core": 16})


def test_what_agrees_has_no_difference():
    assert check(TINY) == []
    assert report(TINY) == []


def test_a_difference_names_both_numbers():
    wrong = replace(TINY, counts={"endpoints": 10_000, "leaf": 8}, contradictions="the page says so twice")
    assert check(wrong) == [Difference("endpoints", 10_000, 16)]
    assert report(wrong) == ["endpoints: printed 10,000, built 16", "the page says so twice"]


def test_an_unknown_count_is_refused():
    unknown = replace(TINY, counts={"leafs": 8})
    with pytest.raises(InputError, match=r"^published: tiny has no count 'leafs'; there are: endpoints, nodes, switches"):
        check(unknown)


def test_a_spec_that_cannot_be_built_is_refused():
    with pytest.raises(InputError, match=re.escape("fat_tree: k must be an even number of ports >= 2, got 5")):
        check(replace(TINY, spec="fat_tree:k=5"))


def test_ports_and_scale_up_are_counted():
    found = counted(parse("multi_plane:nodes=4,rails=2,radix=8,planes=2,scale_up=nvswitch"))
    assert (found["planes"], found["nodes"], found["scale_up_switches"], found["scale_up_cables"]) == (2, 4, 4, 8)
    assert (found["host_up"], found["host_down"], found["leaf_down"], found["leaf_up"]) == (2, 0, 4, 4)
