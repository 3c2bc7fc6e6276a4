"""The sliders' grid: the formula at every place, the request's own costs at its start."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.report.review.grid import Grid, grid
from fabric.review.evaluate import Review, evaluate
from fabric.review.request import parse

REQUEST = {
    "title": "sixteen devices",
    "candidates": [{"name": "tree", "topo": "fat_tree:k=4"}, {"name": "torus", "topo": "torus:dims=4x4"}],
    "cases": [{"collective": "all_reduce", "size": "1MiB"}],
    "step": {"compute": 0.001},
    "cost": {"allocation": 0.625, "energy": 0.07, "busy": 0.5},
    "failing": {"links": [1], "switches": [], "seeds": 1},
}


@pytest.fixture(scope="module")
def review() -> Review:
    return evaluate(parse({**REQUEST, "node": "node-8xh100"}))


@pytest.fixture(scope="module")
def costs(review: Review) -> Grid:
    found = grid(review.designs)
    assert found is not None
    return found


def test_without_a_node_there_is_no_grid():
    assert grid(evaluate(parse(REQUEST)).designs) is None


def test_the_sliders_start_where_the_request_is(costs, review):
    assert costs.allocations[costs.start[0]] == 0.625
    assert costs.energies[costs.start[2]] == 0.07
    for number, design in enumerate(review.designs):
        for end in ("low", "mid", "high"):
            assert getattr(costs.at(number, costs.start), end) == pytest.approx(getattr(design.cost, end), abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_place_of_the_grid_is_the_formula(costs, review, data):
    number = data.draw(st.integers(0, 1))
    place = tuple(data.draw(st.integers(0, len(axis) - 1)) for axis in (costs.allocations, costs.scales, costs.energies))
    use, scale, energy = (axis[n] for axis, n in zip((costs.allocations, costs.scales, costs.energies), place, strict=True))
    one = review.designs[number].economy
    busy = use * 0.8
    kilowatts = one.watts * (0.3 + 0.7 * busy) / 1000
    hourly = one.capex / (5 * 8760) + kilowatts * 1.3 * energy
    assert costs.at(number, place).mid == pytest.approx(hourly / (use * one.efficiency * scale * one.goodput), abs=1e-4)
