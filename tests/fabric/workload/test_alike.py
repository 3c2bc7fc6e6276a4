"""Classes of what is alike: as few as symmetry leaves, and links that carry what their class's messages do."""

import numpy as np
import pytest

from fabric.network.routing.ways import Paths, Ways
from fabric.workload.alike import Exchange, alike


def exchange(source, target, links, speeds, nbytes=1.0):
    """Messages over one link each."""
    count = len(source)
    paths = Paths(np.arange(count + 1), np.asarray(links, dtype=np.int64))
    ways = Ways(paths, np.asarray(speeds, dtype=np.float64), np.arange(len(speeds)), np.zeros(count))
    sides = (np.asarray(side, dtype=np.int64) for side in (source, target))
    return Exchange("any", *sides, ways, np.broadcast_to(np.float64(nbytes), count).copy(), np.zeros(count))


def alone(ranks):
    """Units of pipelines of one rank."""
    return np.arange(ranks)[:, None, None]


def test_a_ring_over_equal_links_is_one_message():
    ring = exchange(range(6), [1, 2, 3, 4, 5, 0], range(6), [5.0] * 6)
    found = alike(alone(6), [ring])
    assert len(found.ranks) == len(found.pipes) == 1
    (lanes,) = found.lanes
    assert lanes.nbytes.tolist() == [1.0]
    assert found.capacity[lanes.links].tolist() == [5.0]
    assert lanes.touched[0].tolist() == lanes.sent[0].tolist() == [0]


def test_one_slower_link_tells_all_ranks_of_a_ring_apart():
    ring = exchange(range(6), [1, 2, 3, 4, 5, 0], range(6), [5.0] * 5 + [4.0])
    assert len(alike(alone(6), [ring]).ranks) == 6


@pytest.mark.parametrize("sharing", [1, 3])
def test_a_link_carries_all_messages_of_its_class(sharing):
    """Six messages over links that so many share: one message, on a link that carries so many of it."""
    shared = exchange(range(6), range(6), [n // sharing for n in range(6)], [5.0] * (6 // sharing))
    (lanes,) = alike(alone(6), [shared]).lanes
    assert lanes.share.tolist() == [sharing]


def test_messages_of_other_bytes_or_stages_are_not_alike():
    sizes = exchange([0, 1], [1, 0], [0, 1], [5.0, 5.0], np.array([1.0, 2.0]))
    assert len(alike(alone(2), [sizes]).lanes[0].nbytes) == 2
    pipeline = np.arange(4).reshape(2, 2, 1)
    found = alike(pipeline, [exchange([0, 2], [1, 3], [0, 1], [5.0, 5.0])])
    assert len(found.pipes) == 1
    assert len(found.ranks) == 2


def test_every_leaves_each_for_itself():
    ring = exchange(range(6), [1, 2, 3, 4, 5, 0], range(6), [5.0] * 6)
    found = alike(alone(6), [ring], every=True)
    assert len(found.ranks) == len(found.pipes) == len(found.lanes[0].nbytes) == 6
