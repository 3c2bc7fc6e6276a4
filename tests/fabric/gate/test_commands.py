"""Two commands in pairs: what is read of a run, how one fails, and that the verdict turns where higher is better."""

import time
from math import exp, inf, isclose, sqrt

import numpy as np
import pytest

from fabric.errors import EnvironmentFault
from fabric.gate.commands import Commands, Reading, compete, read_pairs, reading_of, run, turned
from fabric.gate.rounds import PAIR_LOOKS, Rounds
from fabric.gate.verdict import Verdict
from topologies.errors import InputError

FAST = {"budget": 20.0, "tolerance": 0.02}
BUSBW = r"Avg bus bandwidth\s*:\s*([0-9.]+)"


def test_wall_time_is_that_of_the_command():
    assert 0.05 <= run("A", "sleep 0.05", Reading(), 10) < 5


def test_the_last_number_that_matches_counts_with_thousands_or_without_a_group():
    assert run("A", "echo 'Avg bus bandwidth : 1'; echo 'Avg bus bandwidth    : 12.5'", reading_of(BUSBW), 10) == 12.5
    assert reading_of("[0-9,]+").of("12,345 MB/s", "A") == 12345
    assert reading_of("^x=(.*)$").of("y=1\nx=2e3\n", "A") == 2000


@pytest.mark.parametrize(
    ("number", "higher", "line"),
    [
        ("(", False, r"number: must be a regular expression, got '\(': "),
        ("(a)(b)", False, "number: must have one group, that of the number, got 2"),
        (None, True, "higher-is-better: is about --number"),
    ],
)
def test_a_pattern_that_is_none_is_named(number, higher, line):
    with pytest.raises(InputError, match=line):
        reading_of(number, higher_is_better=higher)


@pytest.mark.parametrize(
    ("command", "fault", "line"),
    [
        ("exit 3", EnvironmentFault, "B: 'exit 3' ended with exit code 3: no output"),
        ("kill -9 $$", EnvironmentFault, "B: .* was killed by signal 9"),
        ("fabricbench-is-not-there", EnvironmentFault, "ended with exit code 127: .*not found"),
        ("sleep 60", EnvironmentFault, "B: takes longer than the whole budget of 0.3 s; raise --budget"),
        ("echo hello", InputError, "number: B printed nothing that matches 'x=.*', got 'hello'"),
        ("echo x=fast", InputError, "number: B must print a number above 0, got 'fast'"),
        ("echo x=-1", InputError, "number: B must print a number above 0, got '-1'"),
        ("echo x=1e999", InputError, "number: B must print a number above 0, got '1e999'"),
    ],
)
def test_a_run_without_a_value_ends_in_one_line(command, fault, line):
    with pytest.raises(fault, match=line):
        run("B", command, reading_of("x=(.*)"), 0.3)


def test_what_a_command_leaves_running_is_ended_with_it(tmp_path):
    alive = tmp_path / "alive"
    assert run("A", f"(sleep 1; touch {alive}) & exit 0", Reading(), 10) < 1
    time.sleep(1.2)
    assert not alive.exists()


@pytest.mark.parametrize(("higher", "kind"), [(False, "regressed"), (True, "improved")])
def test_a_larger_number_is_worse_unless_higher_is_better(higher, kind, tmp_path):
    keep = tmp_path / "pairs.jsonl"
    reading = reading_of("x=(.*)", higher_is_better=higher)
    found = compete(("echo x=10", "echo x=11"), reading, **FAST, keep=keep)
    assert found.verdict.kind == kind
    assert isclose(found.verdict.ratio, 1.1)
    assert found.verdict.low <= found.verdict.ratio <= found.verdict.high
    assert found.typical == (10, 11)
    rows = read_pairs(keep)
    assert len(rows) == len(found.pairs) == PAIR_LOOKS[0], "decided at the first look"
    assert {row["first"] for row in rows} <= {"A", "B"}


def test_the_same_command_is_the_same():
    found = compete(("echo x=10", "echo x=10"), reading_of("x=(.*)"), **FAST)
    assert found.verdict.kind == "same"


def test_a_budget_too_small_for_an_interval_is_inconclusive_and_says_how_much_more():
    found = compete(("sleep 0.05", "sleep 0.05"), Reading(), budget=0.3, tolerance=0.02)
    assert found.verdict.kind == "inconclusive"
    assert found.verdict.more >= PAIR_LOOKS[0] - len(found.pairs) > 0


def test_turning_a_verdict_twice_gives_it_back_and_keeps_no_end_where_there_is_none():
    verdict = Verdict("regressed", 1.25, 1.0, inf, 0.99, 14)
    assert turned(verdict).high == 1.0
    assert turned(verdict).low == 0.0
    assert turned(turned(verdict)) == verdict


def test_a_pair_and_its_mirror_have_opposite_ratios():
    lower, higher = (Commands(Rounds(1, 20.0), reading_of("x", higher_is_better=way)) for way in (False, True))
    lower.add(10, 11)
    higher.add(11, 10)
    assert lower.rounds.units[0] == pytest.approx(higher.rounds.units[0])


def test_a_file_of_something_else_is_not_added_to(tmp_path):
    (tmp_path / "x").write_text('{"schema": "other/1"}\n')
    with pytest.raises(InputError, match=r"must hold pairs of schema fabricbench\.pair/1"):
        read_pairs(tmp_path / "x")


def simulated(rng, pairs, noise, slower):
    """Return (the verdict's kind, pairs run) of the gate on two commands whose runs have autocorrelated, heavy-tailed noise.

    noise: of a run, Student's t with 3 degrees of freedom, as much again from the run before, and 1 % for who is first.
    """
    found, host, count = Commands(Rounds(1, 120.0, 0.02), reading_of(None)), 0.0, 0
    while count < pairs and (not found.rounds.verdicts or found.rounds.open):
        count += 1
        host = 0.9 * host + 0.44 * noise * rng.standard_t(3) / sqrt(3)
        a, b = (exp(host + noise * rng.standard_t(3) / sqrt(3)) for _ in "AB")
        found.add(a, b * (1 + slower) * 1.01 ** rng.choice((-1, 1)))
        if count == pairs or count in PAIR_LOOKS:
            found.rounds.judge((0,))
    return found.verdict.kind, count


@pytest.mark.parametrize(
    ("noise", "slower", "least"), [(0.01, 0.05, 0.99), (0.03, 0.05, 0.95), (0.05, 0.05, 0.55), (0.05, 0.1, 0.98)]
)
def test_slower_commands_are_found_within_forty_pairs(noise, slower, least):
    """docs/ci.md has these rates of 2,000 gates each."""
    rng = np.random.default_rng(1)
    assert np.mean([simulated(rng, 40, noise, slower)[0] == "regressed" for _ in range(200)]) >= least


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.05])
def test_equal_commands_are_not_called_different(noise):
    rng = np.random.default_rng(2)
    kinds = [simulated(rng, 40, noise, 0.0)[0] for _ in range(500)]
    assert sum(kind in ("regressed", "improved") for kind in kinds) <= 2, "0.05 % is stated: 0.25 of 500"
