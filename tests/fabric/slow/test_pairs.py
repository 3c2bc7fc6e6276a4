"""Pairs: every pair meets once in disjoint rounds, for any number; what each adds is found whatever the others do."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.slow.pairs import Meeting, batched, polish, shares, tournament
from fabric.slow.standings import standings, verdict
from topologies.errors import InputError


@given(st.integers(2, 80))
def test_every_pair_meets_once_in_rounds_of_disjoint_pairs(n):
    rounds = tournament(n)
    assert len(rounds) == n - 1 + n % 2
    assert sorted(pair for pairs in rounds for pair in pairs) == list(combinations(range(n), 2))
    for pairs in rounds:
        assert len(pairs) == n // 2
        assert len({unit for pair in pairs for unit in pair}) == 2 * (n // 2)
    if n % 2:
        assert sorted(next(iter({*range(n)} - {u for pair in pairs for u in pair})) for pairs in rounds) == list(range(n))


@given(st.integers(2, 20), st.integers(1, 12))
def test_batches_keep_every_pair_and_are_small_enough(n, size):
    whole, cut = tournament(n), batched(tournament(n), size)
    assert [pair for pairs in cut for pair in pairs] == [pair for pairs in whole for pair in pairs]
    assert max(map(len, cut)) <= size
    assert batched(whole, None) == whole


@given(st.integers(3, 20), st.data())
def test_one_slow_unit_is_found_exactly_where_there_is_no_noise(n, data):
    slow, factor = data.draw(st.integers(0, n - 1)), data.draw(st.floats(1.05, 20))
    base = data.draw(st.floats(1e-6, 1e2))
    meetings = [Meeting(p, base * (factor if slow in p else 1.0)) for p in combinations(range(n), 2)]
    logs = shares(n, meetings)
    assert [float(np.exp(np.median(values))) for values in logs] == pytest.approx(
        [factor if unit == slow else 1.0 for unit in range(n)], rel=1e-6
    )
    assert {len(values) for values in logs} == {n - 1}


@given(st.integers(6, 15), st.integers(0, 2**32 - 1))
def test_additive_times_are_taken_apart(n, seed):
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 0.3, n)
    own -= np.median(own)
    logs = 1.5 + own[:, None] + own[None, :]
    np.fill_diagonal(logs, np.nan)
    common, found = polish(logs)
    assert common == pytest.approx(1.5, abs=1e-6)
    assert found == pytest.approx(own, abs=1e-6)


def test_one_wild_meeting_moves_nobody():
    pairs = list(combinations(range(8), 2))
    meetings = [Meeting(pair, 100.0 if pair == (2, 5) else 1.0) for pair in pairs]
    assert [float(np.median(values)) for values in shares(8, meetings)] == pytest.approx([0.0] * 8, abs=1e-9)


def test_false_alarms_and_hits_under_noise():
    """16 units, 5 tournaments, 7 % noise: who is named where nobody, or one 1.3 times, is slow."""
    draws, alarms, hits = 100, 0, 0
    rounds = [pair for pairs in tournament(16) * 5 for pair in pairs]
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        noise = np.exp(rng.normal(0, 0.07, len(rounds)))
        for slow in (None, int(rng.integers(16))):
            times = [Meeting(p, t * (1.3 if slow in p else 1.0)) for p, t in zip(rounds, noise, strict=True)]
            named = [s.unit for s in standings(shares(16, times), 0.1) if s.slow]
            alarms += slow is None and bool(named)
            hits += slow is not None and named == [slow]
    assert alarms / draws <= 0.05
    assert hits / draws >= 0.99


def test_words():
    rng = np.random.default_rng(1)
    fair = [rng.normal(0, 0.02, 20) for _ in range(4)]
    assert verdict(standings(fair, 0.1), "rank", 0.1).startswith("none: no rank is 10 % slower than the others; slowest: rank")
    one = [*fair[:3], fair[3] + np.log(2)]
    assert verdict(standings(one, 0.1), "node", 0.1).startswith("slow: node 3 takes 2.0")
    few = [values[:3] for values in fair]
    assert verdict(standings(few, 0.1), "rank", 0.1) == "inconclusive: 3 samples of a rank, needs 8; raise --repeats"
    wide = [*fair[:3], rng.normal(0.3, 0.9, 20)]
    assert verdict(standings(wide, 0.1), "rank", 0.1).startswith("inconclusive: rank 3 takes")


def test_refusals():
    with pytest.raises(InputError, match="ranks: pairs need 2 or more, got 1"):
        tournament(1)
    with pytest.raises(InputError, match="batch: must be a whole number of pairs >= 1, got 0"):
        batched(tournament(4), 0)
    with pytest.raises(InputError, match="ranks: pairs need 3 or more to say which one is slow, got 2"):
        shares(2, [Meeting((0, 1), 1.0)])
