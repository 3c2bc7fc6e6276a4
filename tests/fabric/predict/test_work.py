"""What the flows model would take is said before it is spent, and insisting is heard."""

import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from fabric.predict.constants import NONE
from fabric.predict.jobs import placed, predict_together
from fabric.predict.model import Model
from fabric.predict.work import BYTES_A_MESSAGE, LEAST_ROOM, LONGEST, LOOKED_AT, check_memory, free_memory, in_time, listed
from topologies.errors import InputError

LARGE = load("fat_tree:k=64")


def schedule_of(fabric, name="all_to_all", algorithm="direct"):
    (case,) = cases(fabric, name, sizes=[1 << 20])
    return Model(fabric, NONE, "ideal").schedule(case, algorithm)


def test_messages_are_counted_and_not_listed():
    p = LARGE.topology.devices
    assert listed(schedule_of(LARGE)) == p * (p - 1)
    small = schedule_of(load("fat_tree:k=4"), "all_reduce", "ring")
    assert listed(small) == sum(
        len(step.source) for step in {(s.source.tobytes(), s.target.tobytes()): s for s in small.steps}.values()
    )


def test_more_than_is_free_is_refused_with_the_estimate_and_what_would_do():
    whole = schedule_of(LARGE)
    gib = listed(whole) * BYTES_A_MESSAGE / 2**30
    with pytest.raises(
        InputError, match=rf"{listed(whole):,} take about {gib:,.0f} GiB of memory, 16 GiB are free; use .*--force insists"
    ):
        check_memory([whole], room=16 << 30)
    check_memory([whole], room=16 << 30, force=True)
    check_memory([whole], room=listed(whole) * BYTES_A_MESSAGE)


def test_what_any_machine_holds_is_not_asked_for():
    small = schedule_of(load("fat_tree:k=8"))
    assert listed(small) * BYTES_A_MESSAGE < LEAST_ROOM
    check_memory([small], room=0)


def test_verbs_refuse_before_they_work_anything_out():
    (case,) = cases(LARGE, "all_to_all", sizes=[1 << 20])
    with pytest.raises(InputError, match="GiB of memory"):
        predict([case], LARGE, fidelity="flows")
    jobs = placed([case], LARGE, "contiguous", ["direct"])
    with pytest.raises(InputError, match="GiB of memory"):
        predict_together(jobs, LARGE)


def test_free_memory_is_read_where_it_is_said(tmp_path):
    said = tmp_path / "meminfo"
    said.write_text("MemTotal: 9 kB\nMemAvailable:   2048 kB\n")
    assert free_memory(said) == 2 << 20
    said.write_text("MemAvailable: what\n")
    assert free_memory(said) == free_memory(tmp_path / "none") == float("inf")


def pace(per_second, seconds, total=1_000_000, **how):
    """Let a clock of our own run and tell progress once a second; return what was told on."""
    now, told = [0.0], []
    watch = in_time(lambda done, total: told.append((done, total)), clock=lambda: now[0], **how)
    for second in range(seconds):
        now[0] = float(second)
        watch(5000 + int(per_second * second), total)
    return told


def test_a_pace_of_days_is_given_up_with_the_hours_it_would_take():
    with pytest.raises(
        InputError, match=r"about 11 hours more by its pace \(500 of 1,000,000 messages in the last 20 s\).*--force"
    ):
        pace(25, 60)


def test_a_pace_that_falls_is_judged_again():
    now = [0.0]
    watch = in_time(None, clock=lambda: now[0])
    for second, done in ((0, 0), (20, 50_000), (39, 50_100)):
        now[0] = float(second)
        watch(done, 1_000_000)
    now[0] = 40.0
    with pytest.raises(InputError, match="about 53 hours more"):
        watch(50_100, 1_000_000)


def test_what_is_in_time_or_insisted_on_is_told_on():
    fast = (1_000_000 - 5000) / LONGEST * 1.1
    assert len(pace(fast, 60)) == 60
    assert len(pace(25, 60, force=True)) == 60
    assert len(pace(25, int(LOOKED_AT))) == LOOKED_AT, "nothing is judged before it was looked at"
    assert len(pace(0, 60)) == 60, "no pace, no estimate"
