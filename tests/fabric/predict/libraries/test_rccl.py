"""RCCL: rings over all links of a mesh, against the one public table of one node; no choice between rings and trees."""

import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.defaults import default_algorithm
from fabric.predict.of_node import constants_on
from fabric.records.case import Case
from topologies.errors import InputError


@pytest.mark.parametrize(("ranks", "nodes", "text"), [
    (8, 1, "full_mesh"), (2, 1, "ring"), (16, 2, "ring:channels=8,walk=zigzag"), (9, 2, "ring"), (4, 4, "ring"),
])  # fmt: skip
def test_rings_use_all_links(ranks, nodes, text):
    assert default_algorithm("rccl", Case("all_reduce", 2**20, ranks, nodes, -(-ranks // nodes))) == text


def test_what_rings_do_not_do_is_not_guessed():
    with pytest.raises(InputError, match="RCCL's rings are known for all_reduce, all_gather, reduce_scatter, got broadcast"):
        default_algorithm("rccl", Case("broadcast", 2**20, 8, 1, 8))


def test_eight_of_a_generation_come_near_what_is_published():
    """MI325X, 4 to 16 GiB, ring: 317 to 319 GB/s busbw (published table of one node); the links are MI300X's."""
    fabric = load("mi300x-oam:nodes=2")
    (one,) = predict([Case("all_reduce", 2**32, 8, 1, 8)], fabric, constants_on(fabric, ["all_reduce"]))
    assert one.busbw == pytest.approx(318e9, rel=0.07)


def test_over_nodes_rings_do_not_share_a_link():
    fabric = load("mi300x-oam:nodes=2")
    case = Case("all_reduce", 2**32, 16, 2, 8)
    (free,) = predict([case], fabric, constants_on(fabric, ["all_reduce"]))
    (along,) = predict([case], fabric, constants_on(fabric, ["all_reduce"]), algorithm="ring:channels=8")
    assert free.time < along.time / 3
