from math import ceil

import pytest

from fabric.collectives.schedule import flat


def up(p):
    return (p - 1).bit_length()


def part(p):
    return (p - 1) / p


@pytest.mark.parametrize(("p", "a"), [(16, 4), (64, 8), (13, 2), (1024, 16)])
def test_pat_cuts_messages_at_its_aggregation(p, a, built, serial):
    schedule = built("all_gather", f"pat:aggregation={a}", flat(p))
    parts = [(p - 1 + d) // (2 * d) for d in (1 << i for i in range(up(p)))]
    assert schedule.messages == sum(ceil(n / a) for n in parts)
    assert serial(schedule) == pytest.approx(part(p))
    assert max(step.share * p for step in schedule.steps) == a


def test_far_ranks_get_little_from_pat_and_much_from_bruck(built):
    def far(name):
        steps = built("all_gather", name, flat(64)).steps
        return next(float(s.share) for s in steps if abs(int(s.target[32]) - 32) == 32)

    assert far("pat") == far("nhr") == 1 / 64
    assert far("bruck") == 1 / 2
