import numpy as np
import pytest

from fabric.collectives.schedule import flat


def part(p):
    return (p - 1) / p


@pytest.mark.parametrize("dims", [(4, 3), (2, 3, 4), (5, 5)])
def test_bucket_sends_only_to_neighbours_on_the_torus(dims, built, traffic):
    p = int(np.prod(dims))
    schedule = built("all_reduce", "bucket:dims=" + "x".join(map(str, dims)), flat(p))
    for step in schedule.steps:
        assert (torus_hops(step, dims) == 1).all()
    assert schedule.messages == 2 * sum(n - 1 for n in dims)
    assert traffic(schedule)[0] == pytest.approx(np.full(p, 2 * part(p)))


@pytest.mark.parametrize("text", ["bucket:dims=4x4x4,ports=6", "swing:dims=4x4x4"])
def test_all_ports_of_a_torus_are_used_at_once(text, built, traffic):
    schedule = built("all_reduce", text, flat(64))
    step = schedule.steps[0]
    assert (torus_hops(step, (4, 4, 4)) == 1).all()
    assert len({(s, t) for s, t in zip(step.source, step.target, strict=True)}) == 64 * 6
    assert traffic(schedule)[0] == pytest.approx(np.full(64, 2 * part(64)))


def test_swing_partners_are_rho_apart(built):
    schedule = built("all_reduce", "swing", flat(64))
    hops = [int(torus_hops(step, (64,)).max()) for step in schedule.steps[:6]]
    assert hops == [1, 1, 3, 5, 11, 21]
    assert [float(step.share) for step in schedule.steps[:6]] == [2.0**-i / 4 for i in range(6)]


def torus_hops(step, dims):
    there = np.stack(np.unravel_index(step.source, dims)) - np.stack(np.unravel_index(step.target, dims))
    size = np.array(dims)[:, None]
    return np.minimum(there % size, -there % size).sum(axis=0)
