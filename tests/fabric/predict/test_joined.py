"""Straight lines from one fitted size to the next meet every fitted size, where they start below zero too."""

from dataclasses import replace

import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.calibrate import calibrate, split
from fabric.predict.constants import Constants, Line
from fabric.records.case import Case

LOCAL = load("local:slots=2")
STEPS = {8: 0.2, 32: 0.21, 128: 0.22, 512: 0.42, 2048: 0.6, 8192: 5.0, 32768: 12.0, 2**17: 30.0, 2**19: 95.0, 2**21: 240.0}
"""Microseconds by size: between 2 and 8 KiB time grows twice as fast as bytes (made up)."""


def measured(visits=12):
    sizes = sorted(STEPS)
    cases = [Case("all_reduce", n, 2, 1, 2) for size in sizes for n in (size, 2 * size)]
    said = predict(cases, LOCAL, Constants("any", {"*": (Line(1e-6, 1e-9),)}, "made for the test", backend="mpi:openmpi"))
    return [_visited(one, STEPS.get(one.case.nbytes, STEPS.get(one.case.nbytes // 2)) * 1e-6, visits) for one in said]


def _visited(result, seconds, visits):
    near = tuple(seconds * (1 + 0.001 * (n % 3 - 1)) for n in range(visits))
    return replace(
        result,
        source="mpi:openmpi",
        statistic="raw",
        wrong=0,
        context={},
        seconds=near,
        groups=((1,) * visits,),
        prediction=None,
    )


@pytest.mark.parametrize("fidelity", ["loaded", "flows", "closed"])
def test_every_fitted_size_is_met(fidelity):
    fitted = [r for r in split(measured()).fitted if r.algorithm == "default"]
    constants = calibrate(measured(), LOCAL)
    assert len(constants.lines["*"]) > 3
    assert any(line.alpha < 0 for line in constants.lines["*"])
    said = predict([r.case for r in fitted], LOCAL, constants, fidelity=fidelity)
    for result, one in zip(fitted, said, strict=True):
        assert one.time == pytest.approx(result.time, rel=0.003), result.case.nbytes
