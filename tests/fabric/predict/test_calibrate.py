from dataclasses import replace

import numpy as np
import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.calibrate import baseline, calibrate, split
from fabric.predict.constants import Constants, Line
from fabric.records.case import Case
from topologies.errors import InputError

LOCAL = load("local:slots=4")
TRUTH = Constants("truth", {"*": (Line(40e-6, 0.5e-9, 20_000), Line(90e-6, 0.3e-9))}, "made for the test", backend="gloo")
SIZES = [2**i for i in range(3, 27)]


def answers(constants=TRUTH, noise=0.0, worlds=(1, 2, 4), seed=0):
    rng = np.random.default_rng(seed)
    cases = [Case("all_reduce", size, p, 1, p) for p in worlds for size in SIZES]
    exact = predict(cases, LOCAL, constants)
    return [
        replace(
            r,
            source="gloo",
            statistic="raw",
            wrong=0,
            context={},
            seconds=tuple((r.time or 1e-6) * (1 + noise * rng.random(15))),
        )
        for r in exact
    ]


def test_every_second_size_at_world_size_two_is_fitted_and_the_rest_held_out():
    parts = split(answers())
    assert sorted(r.case.nbytes for r in parts.fitted) == SIZES[::2]
    assert {r.case.world_size for r in parts.fitted} == {2}
    assert len(parts.held_out) == 12 + 24
    assert {reason for _, reason in parts.left_out} == {"world size 1"}
    assert not set(map(id, parts.fitted)) & set(map(id, parts.held_out))


def test_two_lines_are_found_again_and_carry_to_other_world_sizes():
    results = answers()
    fitted = calibrate(results, LOCAL)
    lines = fitted.lines["*"]
    assert len(lines) >= 2
    assert lines[0].alpha == pytest.approx(40e-6, rel=0.02)
    assert lines[-1].beta == pytest.approx(0.3e-9, rel=0.02)
    held = split(results).held_out
    errors = [abs(r.time / p.time - 1) for r, p in zip(held, predict([r.case for r in held], LOCAL, fitted), strict=True)]
    assert np.median(errors) < 0.01
    line = baseline(results)
    assert np.median([abs(r.time / line.seconds(r.case.nbytes) - 1) for r in held]) > 5 * np.median(errors)


def test_a_latency_stated_too_high_is_made_good_by_the_alpha(tmp_path):
    (tmp_path / "f.yaml").write_text(
        "schema: fabricbench.fabric/1\ntopology: local:slots=4\nlevels: {loopback: {latency: 1ms}}\n"
        "carriers: {mpi: memory, gloo: loopback}\n"
    )
    fabric = load(str(tmp_path / "f.yaml"))
    results = answers()
    fitted = calibrate(results, fabric)
    held = [r for r in split(results).held_out if r.case.world_size == 2]
    errors = [abs(r.time / p.time - 1) for r, p in zip(held, predict([r.case for r in held], fabric, fitted), strict=True)]
    assert fitted.lines["*"][0].alpha < 0
    assert np.median(errors) < 0.01


def test_intervals_hold_the_fit_and_shrink_without_noise():
    noisy, exact = (calibrate(answers(noise=noise), LOCAL).lines["*"][-1] for noise in (0.3, 0.0))
    low, high = noisy.alpha_interval
    assert low <= noisy.alpha * 1.05
    assert high >= noisy.alpha * 0.95
    assert high > low
    assert exact.alpha_interval[1] - exact.alpha_interval[0] < 1e-9


def test_oversubscribed_and_wrong_cells_are_never_used():
    results = answers()
    spoiled = [replace(r, seconds=(9.0,) * 15, context={"ranks_exceed_cores": True}) for r in results if r.case.world_size == 4]
    spoiled += [replace(r, seconds=(9.0,) * 15, wrong=1) for r in results if r.case.nbytes == 8]
    parts = split([*[r for r in results if r.case.world_size == 2 and r.case.nbytes > 8], *spoiled])
    used = [*parts.fitted, *parts.held_out]
    assert max(r.time for r in used) < 9
    assert {"more ranks than cores", "1 wrong elements"} <= {reason for _, reason in parts.left_out}


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([], "must be one library and form at a time, got nothing"),
        (answers(worlds=(4,)), "needs 4 sizes at world size 2 to fit, got 0 of gloo"),
        ([*answers(), replace(answers()[0], source="nccl")], "one library and form at a time, got gloo, nccl"),
    ],
)
def test_what_cannot_be_fitted_is_refused(results, message):
    with pytest.raises(InputError, match=message):
        calibrate(results, LOCAL)
