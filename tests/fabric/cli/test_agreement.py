"""Every verb that predicts, and Python, answer one question with one number, whatever is left unsaid."""

import json

import pytest
from typed import typed

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from fabric.predict.constants import constants_of

RAILS = "rail_optimized:nodes=16,rails=8,radix=64,scale_up=nvswitch"
SIZE = 2**30
ASKED = [
    {},
    {"backend": "nccl"},
    {"backend": "nccl", "constants": "none"},
    {"backend": "hccl"},
    {"constants": "nccl"},
    {"constants": "nccl:h100", "algorithm": "ring"},
    {"constants": "nccl:h100", "algorithm": "rail_aligned"},
    {"algorithm": "best"},
]


def rows(*arguments):
    done = typed(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["rows"]


def options(asked):
    return [word for key, value in asked.items() for word in (f"--{key}", value)]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: ",".join(f"{k}={v}" for k, v in asked.items()) or "nothing")
def test_predict_scale_stress_jobs_trace_and_python_agree(asked):
    fabric = load(RAILS)
    constants = constants_of(asked.get("constants"), asked.get("backend"))
    (python,) = predict(cases(fabric, sizes=[SIZE]), fabric, constants, algorithm=asked.get("algorithm"), fidelity="loaded")
    where, how = ["--topo", RAILS], options(asked)
    (said,) = rows("predict", *where, "--sizes", "1GiB", "--fidelity", "loaded", *how)
    (scaled,) = rows("scale", *where, "--sizes", "1GiB", "--ranks", "128", *how)
    assert said["seconds"] == scaled["seconds"] == python.time
    assert said["algorithm"] == scaled["algorithm"] == python.model.runs
    rest = options({key: value for key, value in asked.items() if key != "algorithm"})
    run = "all_reduce" + (f":{asked['algorithm']}" if "algorithm" in asked else "")
    whole = rows("stress", *where, "--run", run, "--size", "1GiB", "--counts", "1", "--seeds", "1", *rest)
    assert {row["seconds"] for row in whole if row["failed"] == 0} == {python.time}
    if asked.get("algorithm") != "best":
        steps = rows("predict", *where, "--sizes", "1GiB", "--fidelity", "loaded", "--trace", *how)
        assert sum(row["seconds"] for row in steps) == pytest.approx(python.time)


@pytest.mark.parametrize("asked", [{}, {"backend": "nccl", "constants": "none"}, {"constants": "nccl:a100"}])
def test_jobs_take_what_predict_takes(asked):
    """At the flows fidelity, which jobs are always answered at, 16 MiB on the A100's ring or tree."""
    (said,) = rows(
        "predict", "--topo", RAILS, "--collective", "all_gather", "--sizes", "16MiB", "--fidelity", "flows", *options(asked)
    )
    (job,) = rows("jobs", "--topo", RAILS, "--job", "all_gather:16MiB:128", *options(asked))
    assert job["algorithm"] == said["algorithm"]
    assert job["seconds"] == pytest.approx(said["seconds"])


def test_hccl_on_16_nodes_sees_16_nodes_from_python_too():
    """The shared default of a case's nodes, 1, once gave a full mesh of 128 ranks: 0.630 ms instead of 0.152."""
    fabric = load(RAILS)
    (python,) = predict(cases(fabric, sizes=[2**20]), fabric, constants_of(None, "hccl"))
    (said,) = rows("predict", "--topo", RAILS, "--sizes", "1MiB", "--backend", "hccl")
    assert python.time == said["seconds"]
    assert python.model.runs == "halving_doubling"
