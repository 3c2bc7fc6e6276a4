import json
import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.routing.ways import Paths
from fabric.predict.flows.file import read
from fabric.predict.flows.given import FlowCase, finish_times, simulated
from fabric.predict.flows.maxmin import max_min
from topologies.errors import InputError

ROOT = Path(__file__).parents[4]
FILE = Path(os.environ.get("FABRICBENCH_DATA", ROOT.parent / "shared" / "data")) / "flow_cases.json"
many = settings(max_examples=100, deadline=None)


# The second solver: textbook progressive filling and the plainest simulation, in exact fractions.


def plain_rates(routes, capacity):
    """All rates rise together; when a link is full its flows stop; until all have stopped."""
    rate, free = dict.fromkeys(routes, None), list(capacity)
    rising = set(routes)
    while rising:
        crossings = [sum(routes[f].count(link) for f in rising) for link in range(len(free))]
        level = min(free[link] / n for link, n in enumerate(crossings) if n)
        full = {link for link, n in enumerate(crossings) if n and free[link] / n == level}
        stopped = {f for f in rising if full & set(routes[f])}
        for f in stopped:
            rate[f] = level
            for link in routes[f]:
                free[link] -= level
        rising -= stopped
    return rate


def plain_finish_times(links, flows):
    """links: (capacity, latency); flows: (route, size, start, after). One event at a time, everything solved again."""
    finish, left, ready, now = {}, {}, {}, Fraction(0)
    while len(finish) < len(flows):
        for i, (route, _, start, after) in enumerate(flows):
            if i not in ready and all(f in finish for f in after):
                ready[i] = max([start, *(finish[f] for f in after)]) + sum(links[link][1] for link in route)
        for i, when in list(ready.items()):
            if i not in left and when <= now:
                left[i] = flows[i][1] if flows[i][0] else Fraction(0)
        moving = {i: flows[i][0] for i, size in left.items() if size > 0}
        ended = [i for i, size in left.items() if size == 0 and i not in finish]
        if ended:
            finish.update(dict.fromkeys(ended, now))
            continue
        rate = plain_rates(moving, [c for c, _ in links])
        until = min([left[i] / rate[i] for i in moving] + [ready[i] - now for i in ready if i not in left])
        for i in moving:
            left[i] -= rate[i] * until
        now += until
    return [finish[i] for i in range(len(flows))]


def case_of(links, flows, name="drawn"):
    def rows(lists):
        first = np.concatenate(([0], np.cumsum([len(x) for x in lists]))).astype(np.int64)
        return Paths(first, np.array([x for row in lists for x in row], dtype=np.int64))

    return FlowCase(
        name=name,
        capacity=np.array([float(c) for c, _ in links]),
        latency=np.array([float(d) for _, d in links]),
        paths=rows([f[0] for f in flows]),
        size=np.array([float(f[1]) for f in flows]),
        start=np.array([float(f[2]) for f in flows]),
        after=rows([f[3] for f in flows]),
    )


@st.composite
def networks(draw, *, latency=True, staggered=True, fewest_hops=0):
    """Links and flows; few different values, so that ties are common."""
    whole = st.integers(1, 12).map(Fraction)
    odd = st.fractions(min_value=Fraction(1, 7), max_value=20, max_denominator=13)
    capacity = whole | odd
    wait = st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(3, 7)]) if latency else st.just(Fraction(0))
    links = draw(st.lists(st.tuples(capacity, wait), min_size=1, max_size=6))
    flows = []
    for i in range(draw(st.integers(1, 9))):
        route = draw(st.lists(st.integers(0, len(links) - 1), min_size=fewest_hops, max_size=4))
        size = draw(st.just(Fraction(0)) | capacity | capacity)
        start = draw(st.integers(0, 3).map(Fraction) | odd) if staggered else Fraction(0)
        after = draw(st.lists(st.integers(0, i - 1), max_size=2)) if i and staggered else []
        flows.append((route, size, start, after))
    return links, flows


@many
@given(networks())
def test_two_solvers_agree(network):
    links, flows = network
    expected = [float(t) for t in plain_finish_times(links, flows)]
    assert finish_times(case_of(links, flows)).tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@many
@given(networks(fewest_hops=1, staggered=False))
def test_two_solvers_agree_on_rates(network):
    links, flows = network
    expected = plain_rates({i: f[0] for i, f in enumerate(flows)}, [c for c, _ in links])
    case = case_of(links, flows)
    assert max_min(case.paths, case.capacity).tolist() == pytest.approx([float(expected[i]) for i in range(len(flows))])


def drawn_at_random(seed, links=40, flows=300, latency=0.0):
    rng = np.random.default_rng(seed)
    routes = [rng.choice(links, rng.integers(1, 6), replace=False).tolist() for _ in range(flows)]
    after = [rng.integers(0, i, rng.integers(0, 3)).tolist() if i > flows // 2 else [] for i in range(flows)]
    sizes = rng.choice([1e6, 2e6, 3.3e6], flows) * rng.choice([1, rng.uniform(1, 2)])
    starts = rng.choice([0.0, 1e-4], flows)
    return case_of(
        [(c, latency) for c in rng.choice([1e9, 2.5e9, 4e9], links)],
        list(zip(routes, sizes, starts, after, strict=True)),
    )


@pytest.mark.parametrize("seed", range(3))
def test_two_solvers_agree_where_flows_come_and_go(seed):
    rng = np.random.default_rng(seed)
    links = [(Fraction(int(c)), Fraction(1, 7)) for c in rng.integers(2, 9, 12)]
    flows = [
        (
            rng.choice(12, rng.integers(1, 4), replace=False).tolist(),
            Fraction(int(rng.integers(0, 30))),
            Fraction(int(rng.integers(0, 5))),
            rng.integers(0, i, 2).tolist() if i > 20 else [],
        )
        for i in range(45)
    ]
    expected = [float(t) for t in plain_finish_times(links, flows)]
    assert finish_times(case_of(links, flows)).tolist() == pytest.approx(expected, rel=1e-9)


def assert_max_min(paths, capacity, rates):
    """No link above its capacity; every flow crosses a full link on which no flow is faster."""
    used = np.bincount(paths.links, rates[paths.flow], minlength=len(capacity))
    assert (used <= capacity * (1 + 1e-9)).all()
    fastest = np.zeros(len(capacity))
    np.maximum.at(fastest, paths.links, rates[paths.flow])
    holds = (used >= capacity * (1 - 1e-9))[paths.links] & (rates[paths.flow] >= fastest[paths.links] * (1 - 1e-9))
    assert np.logical_or.reduceat(holds, paths.first[:-1]).all()


def assert_max_min_at_every_event(case):
    """Return the times of the events."""
    seen = []
    for waiting, state in simulated(case, work=1):
        flows = np.flatnonzero(state.web.rate > 0)
        seen.append(float(waiting.now[0]))
        if len(flows):
            assert_max_min(case.paths.of(flows), case.capacity, state.web.rate[flows])
    return seen[:-1]


@pytest.mark.parametrize("seed", range(6))
def test_rates_are_max_min_fair_at_every_event(seed):
    seen = assert_max_min_at_every_event(drawn_at_random(seed, latency=1e-6))
    assert len(seen) > 100
    assert all(a < b for a, b in pairwise(seen))


@many
@given(networks(fewest_hops=1))
def test_rates_of_small_networks_are_max_min_fair(network):
    assert_max_min_at_every_event(case_of(*network))


@many
@given(networks(latency=False), st.sampled_from([Fraction(1, 2), Fraction(3), Fraction(1000)]))
def test_without_latency_times_scale_with_bytes_and_with_bandwidth(network, factor):
    links, flows = network
    flows = [(route, size, Fraction(0), after) for route, size, _, after in flows]
    once = finish_times(case_of(links, flows))
    more_bytes = finish_times(case_of(links, [(r, size * factor, s, a) for r, size, s, a in flows]))
    more_speed = finish_times(case_of([(c * factor, d) for c, d in links], flows))
    assert more_bytes.tolist() == pytest.approx((once * float(factor)).tolist(), rel=1e-9)
    assert more_speed.tolist() == pytest.approx((once / float(factor)).tolist(), rel=1e-9)


@many
@given(networks(fewest_hops=1))
def test_another_flow_never_raises_the_smallest_rate(network):
    case = case_of(*network)
    fewer = case.paths.of(np.arange(len(case.size) - 1))
    smallest = max_min(case.paths, case.capacity).min()
    assert smallest <= max_min(fewer, case.capacity).min(initial=np.inf) * (1 + 1e-12)


@given(st.integers(1, 30), st.integers(0, 3))
def test_on_one_link_another_flow_raises_no_rate(flows, more):
    def rates(n):
        return max_min(Paths(np.arange(n + 1), np.zeros(n, dtype=np.int64)), np.array([7.0]))

    assert rates(flows + more).max() <= rates(flows).min()


@pytest.mark.parametrize("seed", range(3))
def test_no_flow_ends_before_its_bytes_fit(seed):
    case = drawn_at_random(seed)
    finish = finish_times(case)
    alone = case.size / np.minimum.reduceat(case.capacity[case.paths.links], case.paths.first[:-1])
    assert (finish >= (case.start + alone) * (1 - 1e-12)).all()
    carried = np.bincount(case.paths.links, case.size[case.paths.flow]) / case.capacity
    assert finish.max() >= carried.max() * (1 - 1e-12)


@pytest.mark.skipif(not FILE.is_file(), reason="the flow cases are not here: set FABRICBENCH_DATA to their folder")
def test_the_reference_cases_flow_by_flow():
    cases, known = read(FILE), json.loads(FILE.read_text())["cases"]
    assert len(cases) >= 10
    for case, entry in zip(cases, known, strict=True):
        finish = finish_times(case)
        assert finish.tolist() == pytest.approx([f["finish_s"] for f in entry["flows"]], rel=1e-6), case.name
        assert finish.max() == pytest.approx(entry["makespan_s"], rel=1e-6)


def test_a_flow_over_no_links_ends_when_it_begins_and_one_of_no_bytes_after_its_latencies():
    links = [(Fraction(10), Fraction(2))]
    flows = [([], Fraction(5), Fraction(1), []), ([0], Fraction(0), Fraction(0), [0]), ([0], Fraction(10), Fraction(0), [1])]
    assert finish_times(case_of(links, flows)).tolist() == [1, 3, 6]


def test_a_link_named_twice_counts_twice():
    assert finish_times(case_of([(Fraction(10), Fraction(1))], [([0, 0], Fraction(10), Fraction(0), [])])).tolist() == [4]


def test_no_flows_at_all():
    assert finish_times(case_of([(1, 0)], [])).tolist() == []


def test_flows_that_end_together_are_one_event():
    """Fact of the engine: with equal sizes and a common start, a flow's time is size / first rate."""
    case = drawn_at_random(3)
    case = case_of([(c, 0) for c in case.capacity], [([i % 7, 7 + i % 5], 1e6, 0.0, []) for i in range(70)])
    finish, events = finish_times(case), list(simulated(case, work=1))
    assert finish.tolist() == pytest.approx((1e6 / max_min(case.paths, case.capacity)).tolist())
    assert len(events) - 1 <= 1 + len(np.unique(finish.round(12)))


def test_flows_that_wait_for_each_other_or_never_end_are_refused():
    with pytest.raises(InputError, match=r"case 'drawn': flow 0 must end at a finite time, got never"):
        finish_times(case_of([(1, 0)], [([0], 1, 0, [1]), ([0], 1, 0, [0])]))
    with pytest.raises(InputError, match="flow 0 must end at a finite time"):
        finish_times(case_of([(1e-300, 0)], [([0], 1e300, 0, [])]))


@many
@given(
    st.lists(st.tuples(st.floats(1.0, 1e4), st.floats(0.0, 9.0)), min_size=1, max_size=30), st.sampled_from([0.01, 0.1, 0.5])
)
def test_on_one_link_no_batched_end_is_early(flows, eps):
    case = case_of([(10, 0)], [([0], size, start, []) for size, start in flows])
    exact, batched = finish_times(case), finish_times(case, eps=eps)
    assert (batched >= exact * (1 - 1e-9)).all()
    assert batched.max() <= exact.max() * (1 + eps) ** len(flows)


@pytest.mark.parametrize("eps", [0.01, 0.05])
def test_batched_ends_on_many_links_stay_near_the_exact_ones(eps):
    """Measured, not proved: docs/flows.md has the figures."""
    cases = [drawn_together(seed) for seed in range(40)]
    exact, batched = [finish_times(case) for case in cases], [finish_times(case, eps=eps) for case in cases]
    flows = np.concatenate(batched) / np.concatenate(exact) - 1
    last = np.array([b.max() / e.max() - 1 for b, e in zip(batched, exact, strict=True)])
    assert flows.min() > -4 * eps
    assert 0 < np.median(flows) < 3 * eps
    assert last.min() > -eps
    assert last.max() < 4 * eps


def test_batching_solves_less_often():
    case = drawn_together(1)
    events = [len(list(simulated(case, eps, work=1))) for eps in (0.0, 0.01, 0.1)]
    assert events[0] > events[1] > events[2]


def drawn_together(seed):
    """Random sizes and routes, one start."""
    rng = np.random.default_rng(seed)
    links, flows = rng.choice([1e9, 2.5e9, 4e9], 20), 150
    routes = [rng.choice(20, rng.integers(1, 6), replace=False).tolist() for _ in range(flows)]
    return case_of([(c, 0) for c in links], [(r, s, 0.0, []) for r, s in zip(routes, rng.lognormal(14, 1, flows), strict=True)])


@pytest.mark.parametrize("eps", [-0.1, 1.0, float("nan"), float("inf")])
def test_an_eps_that_is_none_is_refused(eps):
    with pytest.raises(InputError, match=rf"^flows: eps must be >= 0 and < 1, got {eps:g}$"):
        finish_times(case_of([(1, 0)], [([0], 1, 0, [])]), eps=eps)
