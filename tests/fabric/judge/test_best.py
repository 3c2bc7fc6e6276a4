import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import sites

from fabric.judge.best import TABLES, beside, best_of, lines_of


def test_the_fastest_table_of_node_type_and_world_size_is_found_with_its_source():
    found = best_of(sites.row(4, 8, 1024, 1).case, sites.nominal("h100"))
    assert "ConnectX-7" in found.name, "the untuned site of as many nodes is slower"
    assert "nccl-tests issue 309" in found.name


@pytest.mark.parametrize(
    ("site", "nodes", "per_node", "collective"),
    [
        ("h100", 8, 8, "all_reduce"),  # no table of as many nodes
        ("a100", 2, 8, "all_reduce"),
        ("mi325x", 4, 8, "all_reduce"),  # no hardware of NCCL's
        ("h100", 4, 4, "all_reduce"),  # other NICs
        ("h100", 4, 8, "all_gather"),
    ],
)
def test_without_a_table_there_is_none(site, nodes, per_node, collective):
    case = sites.row(nodes, per_node, 1024, 1, collective=collective).case
    assert best_of(case, sites.nominal(site)) is None


def test_every_world_size_is_named_or_unknown():
    cases = [sites.row(nodes, 8, 1024, 1).case for nodes in (2, 2, 4, 8)]
    best = beside(cases, sites.nominal("h100"))
    assert [one.ranks for one in best] == [16, 32]
    lines = lines_of(best, [16, 32, 64])
    assert lines[0].startswith("16 ranks: AWS p5, 8 H100 (aws-samples/")
    assert lines[2] == "64 ranks: unknown: no published all-reduce of this node type and world size at hand"


def test_no_table_is_faster_than_its_nics_allow():
    for one in TABLES:
        if one.nodes > 1:
            assert max(one.busbw.values()) < 1.6 * one.devices * one.nic, one.name
