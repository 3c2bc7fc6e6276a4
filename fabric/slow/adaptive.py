"""The search for all that is slow at once: tests in rounds, until every suspect is accused and confirmed, or cleared.

It asks for tests and is told their times; it starts no rank, and predicts no time. What it knows by then is state.py's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from math import exp, isfinite, log

import numpy as np
from numpy.typing import NDArray

from fabric.slow.belief import FIRST_NOISE, log_odds
from fabric.slow.confirm import COMPANY, check
from fabric.slow.parts import Part, parts_of, rails_of_groups, slow_rails
from fabric.slow.plan import SURE, Belief, Test, filled, plan, slack
from fabric.slow.plan_pairs import around, pair_tests, rounds_of
from fabric.slow.plan_walks import node_walks
from fabric.slow.state import Found, Search
from fabric.slow.tree import Tree
from fabric.slow.verdicts import RATIO, Kind, Verdict, merged, on_rails
from fabric.statistics import median

Floats = NDArray[np.float64]
Ask = Callable[[Sequence[Test]], Sequence[Sequence[float]]]
"""Runs tests that share nothing, at once, and returns the seconds of every block of each; none where a test never ended."""


class Ended(Exception):  # no fault: the search says what it knows by then
    """Raised by an Ask where no more can be asked: the budget is used up, or somebody never answers."""


LIKELIEST = 0.3
"""Probability from which on a suspect is confirmed where nothing else is left to test."""
AGAIN = 3
"""Times that the very same test is asked, at most: more tell nothing new."""
FASTER = 5.0
"""Noises below healthy tests from which on a test is faster than its noise makes it."""
ALONE = 1.05
"""Slack of a test up to which its nodes alone bound it."""
PLAINLY = 0.7
"""How probably a test must show a suspect to be asked again for it."""
RETRIES = 3
"""Confirmations of one suspect, at most."""
UPHELD = 0.5
"""The probability that a confirmed suspect must have after all tests."""
AS_FULL = 0.9
"""Of how full the slow tests made a suspect: a confirmation that fills it less acquits nobody."""
SURELY = 2.0
"""Logarithm of the odds from which on a confirmation confirms."""


def search(
    tree: Tree,
    ask: Ask,
    *,
    least: float = 0.1,
    most_rounds: int = 40,
    over: Callable[[], bool] | None = None,
    floor: float | Callable[[], float] = 0.0,
    gone: Sequence[int] = (),
    every_pair: bool = False,
) -> Found:
    """Return who is slow. least: name what is slower by more. over: whether the budget is used up, asked before every round.

    floor: the least noise that a test's time has, where its blocks do not show all of it, or what tells it.
    gone: nodes that never answered. every_pair: test each pair of groups at its fullest, however many rounds it takes.
    """
    state = Search(tree, least, most_rounds, floor, every_pair=every_pair)
    most_rounds += sum(rounds_of(tree, at) for at in tree.pairs.layers) if every_pair else 0
    for node in gone:
        state.miss(node)
    with suppress(Ended):
        while state.rounds < most_rounds and not (over and over()):
            probability = state.probability()
            tests, between, checks = next_tests(state, probability)
            if not tests and not between and not checks:
                break
            _round(state, ask, tests, between, checks)
    return _found(state, ask)


def next_tests(state: Search, probability: Floats) -> tuple[list[Test], list[Test], list[tuple[int, Test, Test]]]:
    """Return the tests of the next round, those between groups, and its confirmations: (suspect, with it, without it).

    They share no node.

    Where no test would tell more, the likeliest are confirmed as well.
    """
    if fastest := _too_fast(state):
        return [fastest], [], []
    tests, checks = _at(state, probability, SURE, SURE)
    if not tests and not checks:
        tests, checks = _at(state, probability, LIKELIEST, SURE)
    others = [*tests, *(test for _, *both in checks for test in both)]
    between = _of_pairs(state, probability, others) if state.asked else []
    if not others and not between:
        tests, checks = _at(state, probability, LIKELIEST, LIKELIEST)
    return (tests, between, checks) if tests or between or checks else (_again(state, probability), [], [])


def _too_fast(state: Search) -> Test | None:
    """Return the fastest test where it is faster than what healthy ones are taken to be, to be asked again.

    Noise makes no test faster by twice what is looked for: where most of few tests have something slow in them, that one may be
    the healthy one.
    """
    asked = state.tests
    logs = state.logs[len(state.logs) - len(asked) :]
    scale = state.scale
    limit = scale.centre - max(2 * log(1 + state.least), FASTER * scale.noise)
    for took, test in sorted(zip(logs, asked, strict=True), key=lambda one: one[0]):
        if took > limit:
            break
        if slack(state.tree, test) < ALONE:  # else it is the way there that was quicker than foreseen
            return test if asked.count(test) < AGAIN else None
    return None


def _again(state: Search, probability: Floats) -> list[Test]:
    """Return for suspects that are left open, though tests showed them, the smallest test that does, to be asked again.

    One time too long or too short by a burst leaves them so.
    """
    asked = state.tests
    if not asked:
        return []
    shown = np.array(state.rows)[-len(asked) :]
    clean = np.logical_not((shown[:, [*state.factors]] > 0).any(axis=1))
    open_ = (probability > state.clear)[: state.tree.first_pair]
    left = [s for s in np.flatnonzero(open_) if s not in state.factors and s not in state.acquitted]
    often, used, found = Counter(asked), set[int](), list[Test]()
    for suspect in left:
        able = np.flatnonzero(clean & (shown[:, suspect] > max(PLAINLY, 0.9 * shown[:, suspect].max())))
        test = min((asked[at] for at in able), key=lambda test: len(test.nodes), default=None)
        if test and often[test] < AGAIN and not used & {*test.nodes}:
            found.append(test)
            used |= {*test.nodes}
    return found


def _of_pairs(state: Search, probability: Floats, others: Sequence[Test]) -> list[Test]:
    """Return tests of pairs of groups that run beside others."""
    known = state.known(probability, alone=not others)
    tests = pair_tests(state.tree, known, others) if len(state.tree.pairs) else []
    often = Counter(a.test for a in state.asked)
    narrowed = [_without(state.tree, test) for test in tests]
    return [test for test in narrowed if len(test.without) < state.tree.rails and often[test] < AGAIN]


def _at(state: Search, probability: Floats, sure: float, sure_pair: float) -> tuple[list[Test], list[tuple[int, Test, Test]]]:
    limit = np.where(np.arange(state.tree.suspects) < state.tree.first_pair, sure, sure_pair)
    waiting = [
        int(s)
        for s in np.flatnonzero(probability >= limit)
        if s not in state.factors and state.tried.get(int(s), 0) < _tries(state, int(s)) and s not in state.acquitted
    ]
    checks: list[tuple[int, Test, Test]] = []
    used = {n for n in range(state.tree.nodes) if len(state.tree.left_out([n])) == state.tree.rails}
    slow = state.slow_tests() if waiting else np.zeros(0, dtype=np.int64)
    for suspect in waiting:
        pair = check(state.tree, suspect, probability, slow, used, state.priors, state.doubted())
        if pair is not None:
            with_it, without = (_without(state.tree, test) for test in pair)
            if max(len(with_it.without), len(without.without)) == state.tree.rails:  # two groups have no rail in common
                continue
            checks.append((suspect, with_it, without))
            used |= {*pair[0].nodes, *pair[1].nodes}
    often = Counter(a.test for a in state.asked)
    belief = state.belief(probability)
    tests = _planned(state, belief, used, beside=bool(checks))
    if tests and all(often[test] for test in tests):
        tests = _planned(state, belief, used, beside=bool(checks), mildest=True) or tests
    return [test for test in tests if often[test] < AGAIN], checks


def _tries(state: Search, suspect: int) -> int:
    """Return how often a suspect is confirmed, at most: once more where one of two was sure."""
    return RETRIES + any(one > SURELY for one in state.odds.get(suspect, ()))


def _planned(state: Search, belief: Belief, used: set[int], *, beside: bool, mildest: bool = False) -> list[Test]:
    """Return the plan's tests that tell anything, over pairs of groups that they can tell of, too.

    Each without the rails that are known to be slow.
    """
    known, tree = state.known(belief.probability), state.tree
    made = (node_walks if tree.walked else plan)(tree, belief, used, beside=beside, mildest=mildest)
    tests = (around(tree, known, test) for test in made)
    narrowed = (_without(tree, test) for test in tests if test is not None)
    return [test for test in narrowed if len(test.without) < tree.rails and state.tells(test, belief.probability)]


def _without(tree: Tree, test: Test) -> Test:
    """Return the test without the rails of its groups that are known to be slow."""
    out = tree.left_out(test.nodes)
    return replace(test, without=out) if out else test


def _round(
    state: Search, ask: Ask, tests: Sequence[Test], between: Sequence[Test], checks: Sequence[tuple[int, Test, Test]]
) -> None:
    """Ask one round, and judge the confirmations by the scale that all tests gave."""
    having = [test for _, test, _ in checks]
    lacking = [test for *_, test in checks]
    shared = any({*a.nodes} & {*b.nodes} for a, b in zip(having, lacking, strict=True))
    tests = [*tests, *between]
    times = [*ask([*tests, *having, *([] if shared else lacking)])]
    times += ask(lacking) if shared else []
    state.rounds += 1
    for at, (test, blocks) in enumerate(zip(tests, times, strict=False)):
        state.take(test, blocks, "search" if at < len(tests) - len(between) else "between")
    taken = []
    for at, (suspect, with_it, without) in enumerate(checks):
        blocks, others = times[len(tests) + at], times[len(tests) + len(checks) + at]
        taken.append((suspect, with_it, state.take(with_it, blocks, "with"), state.take(without, others, "without")))
    for suspect, with_it, seen, other in taken:
        _judge(state, suspect, with_it, seen, other)
    first = state.tree.first_switch
    _narrow(state, ask, [s - first for s, *_ in taken if state.tree.kind(s) == "switch" and s in state.factors])


def _judge(state: Search, suspect: int, with_it: Test, seen: float, other: float) -> None:
    """Confirm a suspect by the logarithms of the times of a test with it and one without it, or acquit it.

    What is between nodes is confirmed twice, in rounds of their own: others' traffic through it comes and goes.
    """
    scale = state.scale
    full, cover = filled(state.tree, with_it)
    share = float(full[suspect] / full.max())
    accused = log_odds(seen - scale.centre, scale.noise, state.least, share)
    others = log_odds(other - scale.centre, scale.noise, state.least, 1.0)
    state.tried[suspect] = state.tried.get(suspect, 0) + 1
    if others < 0 < accused:
        odds = state.odds.setdefault(suspect, [])
        odds.append(accused)
        if not _confirmed(odds, 1 if state.tree.kind(suspect) == "node" else 2):
            return
        usual = min(other, scale.centre + scale.noise)
        state.factors[suspect] = [exp(seen - usual) / share if isfinite(seen) else seen]
    elif accused < -SURELY and share * cover[suspect] > AS_FULL * state.accusing(suspect):
        state.acquitted.add(suspect)


def _confirmed(odds: Sequence[float], times: int) -> bool:
    """Return whether confirmations (logarithms of odds) are surely so many, or several fainter ones as much together."""
    return sum(one > SURELY for one in odds) >= times or (len(odds) > times and sum(odds) > times * SURELY)


def _narrow(state: Search, ask: Ask, groups: Sequence[int]) -> None:
    """Find by which rails the switches of these groups are slow, each alone and twice, and leave those out from now on."""
    if not groups:
        return
    tests = rails_of_groups(state.tree, groups)
    logs = [_both(state, ask, [test for *_, test in tests])] if state.tree.rails > 1 else []
    limit = max(log(1 + state.least / 2), 3 * state.scale.noise)
    factors = {g: log(state.factors[state.tree.first_switch + g][0]) for g in groups}
    slow = slow_rails(tests, logs[0], factors, limit, state.scale.noise) if logs else dict.fromkeys(groups, (0,))
    before = state.tree.out or ((),) * len(state.tree.layers[0].names)
    state.tree = replace(state.tree, out=tuple(slow.get(g, rails) for g, rails in enumerate(before)))


def _both(state: Search, ask: Ask, tests: Sequence[Test]) -> list[float]:
    """Ask tests of parts twice; return the logarithms of the shorter times: a burst in one is no slow part."""
    times = [ask(tests) for _ in range(2)]
    state.rounds += len(times)
    logs = [[state.take(test, blocks, "part") for test, blocks in zip(tests, one, strict=True)] for one in times]
    return [min(pair) for pair in zip(*logs, strict=True)]


def _found(state: Search, ask: Ask) -> Found:
    """Return the findings: parts of confirmed nodes told apart, nodes of one switch merged."""
    probability = state.probability()
    noise = state.scale.noise if state.logs else FIRST_NOISE
    confirmed = sorted(s for s, own in state.factors.items() if probability[s] > UPHELD and log(median(own)) > RATIO * noise)
    parts: dict[int, Part] = {}
    with suppress(Ended):
        parts = _parts(state, ask, [s for s in confirmed if s < state.tree.nodes], probability) if confirmed else {}
    verdicts = [_verdict(state, s, float(probability[s]), noise, *parts.get(s, ("node", ()))) for s in confirmed]
    blind = noise > log(1 + state.least)  # what is to be found is within the noise: nobody is cleared by that
    named = {s for v in verdicts for s in v.suspects}
    cleared = [int(s) for s in np.flatnonzero(probability < state.clear) if s not in named and not blind]
    told = {*cleared} if any(s >= state.tree.first_pair for s in confirmed) else set()  # it is why they were accused
    told |= {s for s in state.acquitted if state.tree.kind(s) == "switch"}  # of one its nodes are
    contended = sorted(s for s in state.acquitted if s not in named and s not in told)
    known = {*named, *cleared, *contended}
    rest = [s for s in range(state.tree.suspects) if s not in known]
    about = state.asked_about(probability)
    left = tuple(s for s in rest if about[s])
    untested = tuple(s for s in rest if s not in {*left})
    return Found(
        tuple(_of_host(state.tree, v) for v in merged(state.tree, verdicts)),
        tuple(cleared),
        left,
        tuple(contended),
        probability,
        tuple(state.asked),
        state.rounds,
        noise,
        untested,
    )


def _verdict(state: Search, suspect: int, probability: float, noise: float, kind: Kind, parts: tuple[int, ...]) -> Verdict:
    factor = float(median(state.factors[suspect]))
    wide = exp(RATIO * noise)
    name = state.tree.word(suspect)
    suspects: tuple[int, ...] = (suspect,)
    if (what := state.tree.kind(suspect)) == "switch":
        kind, parts, name, suspects = _of_switch(state.tree, suspect)
    elif what != "node":
        kind = what
    elif factor == float("inf"):
        kind = "hung"
    return Verdict(kind, name, suspects, factor, factor / wide, factor * wide, probability, parts)


def _of_host(tree: Tree, v: Verdict) -> Verdict:
    """Return a verdict on devices or rails of a scale-up domain as one on those of the node that has them."""
    if v.kind not in ("device", "rail") or len(v.suspects) != 1:
        return v
    name, parts = tree.whose(v.suspects[0], v.parts)
    return replace(v, name=name, parts=parts)


def _of_switch(tree: Tree, suspect: int) -> tuple[Kind, tuple[int, ...], str, tuple[int, ...]]:
    """Return kind, rails, name and suspects of what a group hangs on: all its nodes are slow by it."""
    group = suspect - tree.first_switch
    rails = tree.out[group] if tree.out and 0 < len(tree.out[group]) < tree.rails else ()
    nodes = np.flatnonzero(tree.layers[0].group == group).tolist()
    return "switch", rails, on_rails(rails, tree.word(suspect)), (suspect, *nodes)


def _parts(state: Search, ask: Ask, nodes: Sequence[int], probability: Floats) -> dict[int, Part]:
    """Return what of each slow node is slow: every rail with a healthy node's, then its devices alone, all twice."""
    well = [n for n in range(state.tree.nodes) if probability[n] < COMPANY * state.prior and n not in nodes]
    parts = parts_of(state.tree, [n for n in nodes if isfinite(state.factors[n][0])], well)
    if not parts.rails:
        return {}
    network, home = (_both(state, ask, tests) for tests in (parts.over_network, parts.at_home))
    limit = max(log(1 + state.least / 2), 3 * state.scale.noise)
    return parts.judged(network, home, {n: log(state.factors[n][0]) for n in nodes}, limit, state.scale.noise)
