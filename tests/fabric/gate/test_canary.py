"""The canary: host states are told from a change of the canary itself, and normalising cannot flip a pair's coin."""

import numpy as np
import pytest

from fabric.gate.canary import look_at, normalised, say
from fabric.gate.verdict import judge

FAST, SLOW = 0.21e-6, 0.55e-6


def test_pairs_in_two_host_states_are_left_out():
    a = [FAST] * 20 + [FAST, SLOW] * 3
    b = [FAST] * 20 + [SLOW, FAST] * 3
    seen = look_at(a, b)
    assert (seen.crossed, seen.own_change, seen.unsteady) == (6, False, False)
    assert seen.kept.tolist() == [True] * 20 + [False] * 6
    assert say(seen) == "8-byte canary 0.21 ... 0.55 us; 6 of 26 pairs crossed host states and were left out"


def test_a_canary_that_is_slower_on_one_side_only_is_a_change_not_a_state():
    seen = look_at([FAST] * 20, [SLOW] * 20)
    assert (seen.crossed, seen.own_change) == (0, True)
    assert seen.kept.all()
    assert "it differs between the sides" in say(seen)
    slightly = look_at([FAST] * 20, [1.1 * FAST] * 20)
    assert slightly.own_change


def test_a_host_that_switches_all_the_time_is_unsteady():
    a = [FAST, SLOW] * 10
    assert look_at(a, a[::-1]).unsteady


def test_normalising_takes_away_what_both_share_and_never_a_sign():
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.1, 60)
    own = 0.7 * shared + rng.normal(0, 0.01, 60)
    less, share = normalised(own, shared)
    assert share == pytest.approx(0.7, abs=0.05)
    assert less.std() < 0.2 * own.std()
    coins = rng.choice((-1, 1), 60)
    assert np.allclose(normalised(own * coins, shared * coins)[0], less * coins)


def test_normalising_keeps_a_change_that_the_canary_does_not_have():
    rng = np.random.default_rng(1)
    canary = rng.normal(0, 0.05, 60)
    own = canary + np.log(1.1) + rng.normal(0, 0.01, 60)
    less, _ = normalised(own, canary)
    assert judge(list(less)).kind == "regressed"
    assert np.exp(np.median(less)) == pytest.approx(1.1, abs=0.02)


@pytest.mark.parametrize("canary", [[0.0, 0.0], [-0.1, 0.1]])
def test_an_unrelated_canary_takes_nothing_away(canary):
    less, share = normalised([0.1, -0.1], canary)
    assert share == 0.0
    assert less.tolist() == [0.1, -0.1]


def test_one_crossed_pair_says_nothing_of_the_host():
    assert not look_at([1.0], [2.0]).unsteady
    assert look_at([1.0, 2.0, 1.0, 2.0], [2.0, 1.0, 2.0, 1.0]).unsteady
