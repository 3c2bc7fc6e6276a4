"""A chain of registered predictions: whatever is changed in it afterwards is seen."""

import json
from dataclasses import replace

import pytest

from fabric.records.case import Case
from fabric.records.compare import join, side
from fabric.records.prediction import Prediction
from fabric.records.registered import FIRST, entries, is_registered, predictions, register
from fabric.records.result import Result
from fabric.records.store import append
from topologies.errors import InputError


def predicted(nbytes, seconds):
    said = Prediction("default", interval=(0.8 * seconds, 1.3 * seconds), interval_reasons=("two doublings",))
    return Result(Case("all_reduce", nbytes, 64, 16, 4), "model:laws", (seconds,), "default", "point", prediction=said)


@pytest.fixture
def chain(tmp_path):
    path = tmp_path / "registered.jsonl"
    for number in range(3):
        register(path, [predicted(1024 << number, 1e-3 * (number + 1))], f"revision {number}", {"topo": "fat_tree:k=8"})
    return path


def test_entries_come_back_each_after_the_one_before(chain):
    found = entries(chain)
    assert [entry.code for entry in found] == ["revision 0", "revision 1", "revision 2"]
    assert [entry.previous for entry in found] == [FIRST, found[0].hash, found[1].hash]
    assert found[1].results[0].prediction.interval_reasons == ("two doublings",)
    assert is_registered(chain)


@pytest.mark.parametrize("field", ["made_at", "code", "inputs", "results", "previous", "hash"])
def test_a_changed_field_breaks_the_chain(chain, field):
    lines = chain.read_text().splitlines()
    row = json.loads(lines[1])
    row[field] = {**row[field], "more": 1} if isinstance(row[field], dict) else row[field][:-1]
    chain.write_text("\n".join([lines[0], json.dumps(row), lines[2]]) + "\n")
    with pytest.raises(InputError, match=r"registered: .*:2: hash must be that of its content"):
        entries(chain)


@pytest.mark.parametrize("keep", [[0, 2], [1, 2], [0, 2, 1]])
def test_missing_and_moved_lines_break_the_chain(chain, keep):
    lines = chain.read_text().splitlines()
    chain.write_text("\n".join(lines[one] for one in keep) + "\n")
    with pytest.raises(InputError, match="previous must be"):
        entries(chain)


def test_a_chain_goes_on_behind_numbers_that_are_read_back_in_another_form(tmp_path):
    """A whole number among a case's parameters is a real number once read; the line's own hash is what the next one names."""
    path = tmp_path / "registered.jsonl"
    said = replace(predicted(8, 1.0), case=Case("all_to_all_v", 8, 64, 16, 4, params={"seed": 3}))
    for _ in range(2):
        register(path, [said], "code", {})
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert second["previous"] == first["hash"]
    assert len(entries(path)) == 2


def test_a_broken_chain_is_not_added_to(chain):
    before = chain.read_text().replace("revision 1", "revision 9")
    chain.write_text(before)
    with pytest.raises(InputError, match="changed since written"):
        register(chain, [predicted(8, 1.0)], "code", {})
    assert chain.read_text() == before


def test_the_first_prediction_of_a_case_counts(chain):
    register(chain, [predicted(1024, 5e-3)], "later", {})
    assert [one.time for one in predictions(chain) if one.case.nbytes == 1024] == [1e-3]


def test_what_was_measured_is_no_prediction(tmp_path):
    measured = Result(Case("all_reduce", 8, 64, 16, 4), "import:nccl-tests", (1.0,), statistic="mean")
    for results, got in (([measured], "import:nccl-tests"), ([], "none")):
        with pytest.raises(InputError, match=f"register: must be predictions, got {got}"):
            register(tmp_path / "chain.jsonl", results, "code", {})


def test_later_measurements_are_compared_with_it(chain, tmp_path):
    later = [Result(Case("all_reduce", 1024 << n, 64, 16, 4), "nccl", (t,) * 9, wrong=0) for n, t in ((0, 1.1e-3), (1, 9e-3))]
    append(tmp_path / "later.jsonl", later)
    pairs = join(side(str(tmp_path / "later.jsonl"))[0], side(str(chain))[0])
    assert [pair.inside for pair in pairs] == [True, False]
    assert pairs[0].error == pytest.approx(0.1)


@pytest.mark.parametrize("text", ["[]\n", '{"schema": "fabricbench.result/2"}\n', "{\n"])
def test_other_files_are_refused_in_one_line(tmp_path, text):
    (tmp_path / "chain.jsonl").write_text(text)
    assert not is_registered(tmp_path / "chain.jsonl")
    with pytest.raises(InputError) as caught:
        entries(tmp_path / "chain.jsonl")
    assert "\n" not in str(caught.value)
