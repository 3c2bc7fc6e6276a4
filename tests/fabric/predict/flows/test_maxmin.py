import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.routing.ways import Paths
from fabric.predict.flows import maxmin
from fabric.predict.flows.maxmin import max_min, step_seconds

many = settings(max_examples=100, deadline=None)


@st.composite
def drawn(draw):
    """Flows over links, with shares; few different values, so that ties are common."""
    capacity = draw(st.lists(st.sampled_from([1.0, 2.0, 3.5]), min_size=1, max_size=6))
    routes = draw(st.lists(st.lists(st.integers(0, len(capacity) - 1), max_size=4), min_size=1, max_size=12))
    links = np.array([k for r in routes for k in r], dtype=np.int64)
    share = np.array(draw(st.lists(st.sampled_from([1.0, 0.5, 0.25]), min_size=len(links), max_size=len(links))))
    return Paths(np.concatenate(([0], np.cumsum([len(r) for r in routes]))).astype(np.int64), links), np.array(capacity), share


def compiled(paths, capacity, share):
    few, maxmin.FEW = maxmin.FEW, -1
    try:
        return max_min(paths, capacity, share)
    finally:
        maxmin.FEW = few


@many
@given(drawn(), st.booleans())
def test_numpy_and_compiled_rates_are_the_same_and_max_min_fair(network, weighted):
    paths, capacity, share = network
    part = share if weighted else None
    rates = max_min(paths, capacity, part)
    assert compiled(paths, capacity, part).tolist() == pytest.approx(rates.tolist(), rel=1e-12)
    assert (np.isinf(rates) == (paths.hops == 0)).all()
    flow = paths.flow
    used = np.bincount(paths.links, rates[flow] * (share if weighted else 1.0), minlength=len(capacity))
    assert (used <= capacity * (1 + 1e-9)).all()
    fastest = np.zeros(len(capacity))
    np.maximum.at(fastest, paths.links, rates[flow])
    holds = (used >= capacity * (1 - 1e-9))[paths.links] & (rates[flow] >= fastest[paths.links] * (1 - 1e-9))
    assert (np.bincount(flow, holds, minlength=len(rates)) >= (paths.hops > 0)).all()


@many
@given(drawn(), st.booleans())
def test_the_step_ends_with_its_slowest_flow(network, weighted):
    paths, capacity, share = network
    part = share if weighted else None
    slowest = max_min(paths, capacity, part).min()
    assert step_seconds(paths, capacity, part, size=3.0) == pytest.approx(3.0 / slowest)


def test_few_flows_load_no_compiler():
    code = (
        "import sys, numpy as np; from fabric.network.routing.ways import Paths\n"
        "from fabric.predict.flows.maxmin import max_min;"
        "max_min(Paths(np.arange(9), np.zeros(8, int)), np.ones(1)); print('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
