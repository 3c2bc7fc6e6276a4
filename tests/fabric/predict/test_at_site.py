"""Predictions by a site's laws: on any fabric, beside its contention, and where the laws are silent by the model."""

import json
from dataclasses import replace

import pytest

from fabric.answers.calibrate import calibrate
from fabric.answers.predict import predict as answered
from fabric.network.spec import from_short_form
from fabric.predict.answer import predict
from fabric.predict.at_site import estimated
from fabric.predict.cases import cases, on_nodes
from fabric.predict.constants import constants_of, load, write
from fabric.predict.nominal_interval import NOMINAL, with_interval
from fabric.records.case import Case
from fabric.records.prediction import Prediction
from fabric.records.result import Result

MIB = 1024**2
HERE = from_short_form("rail_only:nodes=4,rails=4,speed=200Gb/s,scale_up=nvswitch")
LARGER = from_short_form("rail_only:nodes=16,rails=4,speed=200Gb/s,scale_up=nvswitch")


def ran(nodes, nbytes, seconds, **more):
    case = Case("all_reduce", nbytes, 4 * nodes, nodes, 4, in_place=False)
    return Result(case, "import:nccl-tests", (seconds,), statistic="mean", wrong=0, **more)


ROWS = [ran(n, size, 1e-5 * n + size * 2e-11) for n in (2, 4) for size in (8, MIB, 64 * MIB, 1024 * MIB)]
(FITTED,) = calibrate(ROWS, HERE)


def test_logs_of_several_nodes_make_laws_and_no_lines():
    assert FITTED.backend == "nccl"
    assert FITTED.lines == {}
    assert FITTED.laws.nodes == (2, 4)
    assert "all_reduce by default" in str(calibrate(ROWS, HERE))


def test_a_log_without_nodes_is_placed_on_the_fabric():
    alone = Case("all_reduce", 8, 16, 1, 16)
    assert (on_nodes(HERE, alone).nodes, on_nodes(HERE, alone).ranks_per_node) == (4, 4)
    assert on_nodes(HERE, Case("all_reduce", 8, 4, 1, 4)).nodes == 1
    assert on_nodes(from_short_form("star:devices=2,devices_per_node=2"), alone) == alone


def test_laws_come_back_from_a_file_and_files_without_them_are_still_read(tmp_path):
    write(tmp_path / "c.json", [FITTED])
    assert constants_of(str(tmp_path / "c.json")) == FITTED
    older = json.loads((tmp_path / "c.json").read_text())
    older["schema"] = "fabricbench.constants/1"
    del older["constants"][0]["laws"]
    (tmp_path / "older.json").write_text(json.dumps(older))
    assert load(str(tmp_path / "older.json")) == [replace(FITTED, laws=None)]


def test_predictions_at_scale_carry_the_laws_their_interval_and_reasons():
    (found,) = predict(cases(LARGER, sizes=[1024 * MIB], ranks=[64]), LARGER, FITTED)
    assert found.source == "model:laws"
    assert found.time == pytest.approx(FITTED.laws.expected(found.case).seconds, rel=1e-6)
    low, high = found.model.interval
    assert low < found.time < high
    assert any("doublings" in reason for reason in found.model.interval_reasons)
    row = answered([found.case], LARGER, FITTED).rows()[0]
    assert row["interval_seconds"] == [low, high]


def test_one_node_is_answered_by_the_model_which_says_why():
    (found,) = predict(cases(LARGER, sizes=[MIB], ranks=[4]), LARGER, FITTED)
    assert found.source != "model:laws"
    assert found.model.reason.startswith("rows of several nodes say nothing of one; ")


def test_contention_beyond_the_measured_nodes_multiplies_time_and_interval():
    laws, case = FITTED.laws, Case("all_reduce", 64 * MIB, 64, 16, 4)
    plain = estimated(laws, case, "default", lambda _: 1.0)
    slowed = estimated(laws, case, "default", lambda one: 3.0 if one.nodes > 4 else 1.5)
    assert slowed.seconds == pytest.approx(2 * plain.seconds)
    assert slowed.high == pytest.approx(2 * plain.high)
    assert "contention adds 2 x beyond 4 nodes" in slowed.reasons[-1]
    assert estimated(laws, replace(case, world_size=16, nodes=4), "default", lambda _: 3.0).seconds < slowed.seconds


def test_a_tapered_fabric_is_slower_at_scale_than_a_whole_one():
    """Contention stays the fabric's: the same laws where the leaves have all of their uplinks, and a quarter of them."""
    times = []
    for spines in (4, 1):
        fabric = from_short_form(f"leaf_spine:leaves=8,spines={spines},hosts_per_leaf=4")
        (found,) = predict(cases(fabric, sizes=[64 * MIB], ranks=[32], order="scattered:1"), fabric, FITTED)
        times.append(found.time)
    assert times[1] > 1.5 * times[0]


@pytest.mark.parametrize("nbytes", [8, MIB // 2, 4 * MIB, 64 * MIB, 1024 * MIB])
def test_nominal_predictions_of_nccl_carry_an_interval_with_reasons(nbytes):
    said = Prediction("ring", constants="nccl:h100", backend="nccl:h100")
    near, far = (with_interval(said, 1.0, Case("all_reduce", nbytes, 8 * n, n, 8)) for n in (4, 64))
    assert near.interval[0] < 1 < near.interval[1] <= far.interval[1]
    assert "nominal hardware" in near.interval_reasons[0]
    assert len(far.interval_reasons) > len(near.interval_reasons)
    assert [band[0] for band in NOMINAL] == sorted(band[0] for band in NOMINAL)


@pytest.mark.parametrize(("backend", "nodes", "why"), [(None, 4, "calibrate on runs"), ("nccl", 1, "inside one node")])
def test_predictions_without_an_interval_say_why(backend, nodes, why):
    found = with_interval(Prediction("ring", backend=backend), 1.0, Case("all_reduce", 8, 8 * nodes, nodes, 8))
    assert found.interval is None
    assert why in found.interval_reasons[0]


def test_several_settings_make_constants_each_and_a_warning_that_names_them(tmp_path):
    simple = {"environment": {"NCCL_PROTO": "Simple", "NCCL_ALGO": "Ring", "NCCL_DEBUG": "INFO"}}
    rows = [*ROWS, *(ran(4, size, 1.0, context=simple) for size in (MIB, 64 * MIB))]
    found = calibrate(rows, HERE)
    assert [one.laws.setting for one in found] == ["", "NCCL_PROTO=Simple"]
    assert found[0].laws == FITTED.laws, "what one setting took is no part of another's"
    (line,) = found.warnings
    assert "2 settings of nccl are kept apart (none said; NCCL_PROTO=Simple): predictions take" in line
    write(tmp_path / "c.json", list(found))
    assert constants_of(str(tmp_path / "c.json"), "nccl").laws == FITTED.laws


def test_what_a_rank_reduces_per_second_is_told_of_mpi_only():
    mpi = [replace(ran(4, 16 * MIB, 16 * MIB * (15 / 16) / 4e9), source="mpi:openmpi")]
    assert "at 16 MiB a rank reduces S(p-1)/p at 4 GB/s on 4 nodes" in str(calibrate(mpi, HERE))
    assert "a rank reduces" not in str(calibrate(ROWS, HERE))
