"""Budgets in parts: who is open when, how long a part is, when a look comes, and that a decided cell stays decided."""

import pytest

from fabric.gate.rounds import FIRST_LOOK, SHARES, Rounds
from topologies.errors import InputError


def test_the_parts_are_the_whole_budget_of_every_cell():
    rounds, spent = Rounds(3, 10.0), 0.0
    while rounds.open:
        spent += rounds.seconds()
        rounds.close_part()
    assert spent == pytest.approx(30.0)
    assert rounds.look == len(SHARES) - FIRST_LOOK + 1


def test_a_decided_cell_is_closed_and_keeps_its_verdict():
    rounds = Rounds(2, 10.0)
    for _ in range(40):
        rounds.add(0, 0.3)
        rounds.add(1, 0.0)
        rounds.add(1, 0.5)
        rounds.add(1, -0.5)
    rounds.close_part()
    assert rounds.open == (0, 1), "no look before two launches"
    rounds.close_part()
    assert rounds.verdicts[0].kind == "regressed"
    assert rounds.open == (1,)
    assert rounds.seconds() == SHARES[2] * 10.0
    for _ in range(200):
        rounds.add(0, -0.3)
    rounds.close_part()
    assert rounds.verdicts[0].kind == "regressed"
    assert rounds.verdicts[0].units == 40


def test_a_cell_without_units_is_inconclusive():
    rounds = Rounds(1, 1.0, shares=(1.0,))
    rounds.close_part()
    rounds.judge((0,))
    assert rounds.verdicts[0].kind == "inconclusive"
    assert rounds.open == ()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((1, 0.0), "budget: must be more than 0 seconds a cell, got 0"),
        ((1, float("nan")), "budget: must be more than 0 seconds a cell, got nan"),
        ((1, float("inf")), "budget: must be at most 86400 seconds a cell, got inf"),
        ((1, 1.0, 0.0), "tolerance: must be above 0 %, got 0"),
        ((1, 1.0, float("inf")), "tolerance: must be at most 100 %, got inf"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, line):
    with pytest.raises(InputError, match=line):
        Rounds(*arguments)
