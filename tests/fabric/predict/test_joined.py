"""Straight lines from one fitted size to the next meet every fitted size, where they start below zero too."""

from dataclasses import replace

import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.calibrate import calibrate, split
from fabric.predict.calls import in_a_call
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


@pytest.mark.parametrize("fabric", ["local:slots=2", "fat_tree:k=4"])
@pytest.mark.parametrize("algorithm", ["ring", "recursive_doubling"])
def test_a_flat_line_takes_its_alpha_alone_at_every_fidelity(fabric, algorithm):
    """2 us a message whatever its bytes: the fabric's own speed must not come back where the line has none."""
    flat = Constants("flat", {"*": (Line(2e-6, 0.0),)}, "made for the test", backend="mpi:openmpi")
    own = load(fabric)
    case = Case("all_reduce", 1 << 24, own.topology.devices, 1, own.topology.devices)
    near = predict([replace(case, nbytes=64)], own, flat, algorithm=algorithm, fidelity="loaded")[0].time
    for fidelity in ("loaded", "flows"):
        assert predict([case], own, flat, algorithm=algorithm, fidelity=fidelity)[0].time == pytest.approx(near, rel=1e-3)


def test_a_further_message_of_a_call_takes_less_than_the_first_where_the_rows_say_so():
    """3 us a call and 2 us + m ns a message: 16 KiB, two messages of a ring, is met, and not twice 8 KiB, a call of one."""

    def told(case, text):
        messages = 1 if text == "recursive_doubling" else 2
        return 3e-6 * (case.nbytes > 4096) + messages * (2e-6 + case.nbytes / messages * 1e-9)

    cases = [Case("all_reduce", 2**n, 2, 1, 2) for n in range(3, 24)]
    plain = predict(cases, LOCAL, Constants("any", {"*": (Line(1e-6, 1e-9),)}, "made for the test", backend="mpi:openmpi"))
    rows = [_visited(one, told(one.case, one.model.runs), 12) for one in plain]
    constants = calibrate(rows, LOCAL)
    again = {line.again for line in constants.lines["*"]} - {1.0}
    assert len(again) == 1
    assert 0.0 < again.pop() < 0.9
    for nbytes in (8192, 16384, 32768):
        said = [
            predict([Case("all_reduce", nbytes, 2, 1, 2)], LOCAL, constants, fidelity=how)[0] for how in ("loaded", "flows")
        ]
        for one in said:
            assert one.time == pytest.approx(told(one.case, one.model.runs), rel=0.02)


def test_a_call_of_one_message_pays_the_first_alone():
    line = Line(3e-6, 1e-9, again=0.5)
    assert in_a_call(Constants("c", {"*": (line,)}, ""), 1).lines["*"] == (replace(line, again=1.0),)
    assert in_a_call(Constants("c", {"*": (line,)}, ""), 3).lines["*"][0].alpha == pytest.approx(3e-6 * 2 / 3)
