import re
import subprocess
import sys

import pytest

from fabric.errors import EnvironmentFault
from fabric.measure.host.levels import LONGEST, TRIES, half_trip, measure_levels, measure_memory, steadiest
from fabric.measure.host.machine import usable_cores


def test_both_levels_of_this_machine_are_measured():
    memory, loopback = measure_levels()
    assert (memory.level, loopback.level) == ("memory", "loopback")
    for level in (memory, loopback):
        low, high = level.spread
        assert 1e7 < low <= level.bytes_per_second <= high < 1e13
        assert level.count >= 5
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", level.date)
        assert level.others is None or 0 <= level.others <= 1
    assert loopback.seconds_latency is not None
    assert 1e-7 < loopback.seconds_latency < 0.05


@pytest.fixture
def busy_cores():
    """As many processes that spin as there are cores."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in usable_cores()]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


def test_a_slice_of_the_scheduler_is_no_latency_of_memory(busy_cores):
    if len(usable_cores()) == 1:
        pytest.skip("a hand-over between two cores needs two")
    try:
        latency = measure_memory().seconds_latency
    except EnvironmentFault as fault:
        assert "it is the scheduler's time and not the machine's" in str(fault)  # noqa: PT017  # it may also be measured
    else:
        assert 1e-8 < latency <= LONGEST["memory"]


def test_a_quarter_of_quick_trips_is_a_latency():
    assert half_trip("memory", lambda _: [4e-3] * 74 + [2e-7] * 26) == pytest.approx(1e-7)


def test_a_latency_beyond_reason_is_measured_again_then_refused():
    tries = []

    def trips(number):
        tries.append(number)
        return [4e-3 if quiet is None or number < quiet else 2e-7]

    quiet = TRIES - 1
    assert half_trip("memory", trips) == pytest.approx(1e-7)
    quiet = None
    with pytest.raises(EnvironmentFault, match=r"memory: half a round trip took 2 ms in the best of 5 tries; over 50 us it is"):
        half_trip("memory", trips)
    assert tries == 2 * list(range(TRIES))


def test_speeds_are_tried_again_until_they_are_steady():
    tries = iter([[1.0, 9.0, 9.0], [2.0, 3.0, 3.0], [100.0]])
    assert steadiest(lambda: next(tries)) == [1.0, 9.0, 9.0]
    assert list(tries) == [[100.0]]
