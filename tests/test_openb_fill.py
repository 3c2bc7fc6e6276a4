"""What the fill of openb's nodes counts, by hand; only the smallest of its functions is compiled here."""

import numpy as np

from benchmarks.openb_fill import fits, fragments, taken

HALF, ONE, TWO, NONE = (np.array(kind) for kind in ((4, 1, 1, 500), (4, 1, 1, 1000), (8, 1, 2, 1000), (4, 1, 0, 0)))
COUNT = np.array([1, 1, 1, 1])
KINDS = np.stack([HALF, ONE, TWO, NONE])


def free(*parts):
    return np.array(parts)


def test_a_pod_needs_processors_memory_and_devices():
    assert fits(4, 1, free(500, 0), HALF)
    assert not fits(3, 1, free(1000, 1000), HALF), "no processors"
    assert not fits(4, 0, free(1000, 1000), HALF), "no memory"
    assert not fits(8, 8, free(1000, 900), TWO)
    assert fits(4, 1, free(0, 0), NONE)


def test_what_is_free_and_of_no_use_is_counted_per_kind_of_pod():
    # 500 and 1000 free: the half can use all, the whole strands 500, the two fit nowhere, no device is of use to the last.
    assert fragments.py_func(8, 8, free(500, 1000), KINDS, COUNT) == 0 + 500 + 1500 + 1500
    # Too few processors for any: all that is free is stranded four times.
    assert fragments.py_func(3, 8, free(500, 1000), KINDS, COUNT) == 4 * 1500
    assert fragments.py_func(8, 8, free(0, 0), KINDS, COUNT) == 0


def test_devices_are_taken_whole_or_in_shares():
    node = free(300, 1000, 1000)
    assert taken.py_func(node, HALF, 1) == 500
    assert taken.py_func(node, ONE, -1) == 1000
    assert node.tolist() == [300, 500, 0]
