"""The fidelity block: shares of the processors' time between two moments."""

import pytest

from fabric.twin.fidelity import LEAST_IDLE, Moment, block, moment


def test_shares_add_up_and_what_was_sent_again_is_counted():
    before = Moment(1.0, (0, 0, 0, 0, 0, 0, 0, 0), 3)
    after = Moment(2.5, (10, 0, 20, 40, 10, 5, 10, 5), 7)
    found = block(before, after, ranks=8)
    assert (found["idle"], found["softirq"], found["steal"]) == (0.5, 0.15, 0.05)
    assert (found["seconds"], found["retransmitted_segments"], found["quiet"]) == (1.5, 4, True)
    assert found["ranks_per_core"] > 0


@pytest.mark.parametrize(("idle", "quiet"), [(int(100 * LEAST_IDLE), True), (int(100 * LEAST_IDLE) - 1, False)])
def test_a_busy_machine_is_not_quiet(idle, quiet):
    found = block(Moment(0, (0,) * 8, 0), Moment(1, (100 - idle, 0, 0, idle, 0, 0, 0, 0), 0), 2)
    assert found["quiet"] is quiet


def test_this_machine_counts_on():
    first, second = moment(0), moment(0)
    assert len(first.ticks) == 8
    assert all(b >= a for a, b in zip(first.ticks, second.ticks, strict=True))
