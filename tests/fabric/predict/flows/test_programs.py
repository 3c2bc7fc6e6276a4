"""What cannot be simulated is refused in one line that says what would be right."""

from dataclasses import replace

import numpy as np
import pytest

from fabric.network.routing.ways import Paths, Ways
from fabric.predict.flows.simulate import Phase, Program, simulate
from topologies.errors import InputError

ROUTES = Ways(Paths(np.array([0, 1, 2]), np.array([0, 1])), np.array([1.0, 1.0]), np.array([0, 2]), np.zeros(2))
PHASE = Phase(np.array([0, 1]), np.array([1, 0]), ROUTES, 1.0)
MANY = "must have one entry per message, 2, got 3"
FINITE = "must be finite and >= 0, got"

WRONG = [
    ({"target": np.array([1, 0, 1])}, f"program 0: phase 0: target {MANY}"),
    ({"nbytes": np.ones(3)}, f"phase 0: nbytes {MANY}"),
    ({"fixed": np.ones(3)}, f"phase 0: fixed {MANY}"),
    ({"active": lambda _: np.ones(3, bool)}, f"phase 0: active {MANY}"),
    ({"ways": replace(ROUTES, latency=np.zeros(3))}, f"phase 0: ways.latency {MANY}"),
    ({"ways": replace(ROUTES, paths=Paths(np.arange(4), np.zeros(3, int)))}, f"phase 0: ways.paths {MANY}"),
    ({"ways": replace(ROUTES, share=np.ones(3))}, "phase 0: ways.share must have one entry per link of a way, 2, got 3"),
    ({"source": np.array([0, 2])}, "phase 0: source must be ranks 0 to 1, got 0 to 2"),
    ({"target": np.array([-1, 0])}, "phase 0: target must be ranks 0 to 1, got -1 to 0"),
    ({"nbytes": np.array([1.0, -2.0])}, f"phase 0: nbytes {FINITE} -2"),
    ({"nbytes": np.array([1.0, np.inf])}, f"phase 0: nbytes {FINITE} inf"),
    ({"fixed": np.nan}, f"phase 0: fixed {FINITE} nan"),
    ({"repeats": -1}, f"phase 0: repeats {FINITE} -1"),
    ({"ways": replace(ROUTES, latency=np.array([0.0, -1.0]))}, f"phase 0: ways.latency {FINITE} -1"),
    ({"ways": replace(ROUTES, capacity=np.array([0.0, 1.0]))}, "phase 0: ways.capacity must be finite and above 0, got 0"),
    ({"ways": replace(ROUTES, share=np.array([1.0, 0.0]))}, "phase 0: ways.share must be finite and above 0, got 0"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_phase_that_cannot_be_is_refused(change, message):
    with pytest.raises(InputError) as refused:
        simulate([Program(2, [replace(PHASE, **change)])])
    assert str(refused.value).startswith("simulate: program 0: phase 0: ")
    assert str(refused.value).endswith(message)


@pytest.mark.parametrize(("ranks", "start"), [(2, -1.0), (2, np.inf), (-1, 0.0)])
def test_a_program_that_cannot_be_is_refused(ranks, start):
    with pytest.raises(InputError) as refused:
        simulate([Program(ranks, [], start)])
    assert str(refused.value) == f"simulate: program 0: ranks and start must be finite and >= 0, got {ranks}, {start}"


def test_a_link_with_two_capacities_is_refused():
    other = replace(PHASE, ways=replace(ROUTES, capacity=np.array([2.0, 1.0])))
    with pytest.raises(InputError, match="simulate: link 0 must have one capacity in all phases, got 1 and 2"):
        simulate([Program(2, [PHASE]), Program(2, [other])])
    with pytest.raises(InputError, match="simulate: link 0 must have one capacity in all phases, got 1 and 2"):
        simulate([Program(2, [PHASE, other])])
