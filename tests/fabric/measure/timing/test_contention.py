from time import perf_counter, time

from hypothesis import given
from hypothesis import strategies as st

from fabric.measure.timing.contention import JUMP_SECONDS, JUMP_SHARE, clock_jump, clocks, usage


@given(st.floats(0, 1000), st.floats(-1e6, 1e6))
def test_a_set_wall_clock_is_seen_and_a_slewed_one_is_not(elapsed, jump):
    before, after = (5e8, 100.0), (5e8 + elapsed + jump, 100.0 + elapsed)
    found = clock_jump(before, after)
    if abs(jump) > JUMP_SECONDS + JUMP_SHARE * elapsed + 0.001:
        assert abs(found - jump) < 0.001
    if abs(jump) < JUMP_SECONDS + JUMP_SHARE * elapsed - 0.001:
        assert found is None


def test_both_clocks_are_read_together_and_no_jump_is_made_up():
    wall, at = clocks()
    assert abs((time() - wall) - (perf_counter() - at)) < JUMP_SECONDS
    before, after = usage(frozenset()), usage(frozenset())
    assert clock_jump((before.wall, before.at), (after.wall, after.at)) is None
