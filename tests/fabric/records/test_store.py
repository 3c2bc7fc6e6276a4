import json
import resource

import jsonschema
import pytest

from fabric.errors import EnvironmentFault
from fabric.records.case import Case
from fabric.records.prediction import Prediction
from fabric.records.result import Result
from fabric.records.store import append, read, schema, to_json
from topologies.errors import InputError

RESULT = Result(Case("all_reduce", 1024, 2, 1, 2), "gloo", (1e-3, 2e-3, 3e-3), wrong=0, context={"cores": 2})


def test_results_come_back_as_they_went(tmp_path):
    path = tmp_path / "new" / "r.jsonl"
    append(path, [RESULT])
    append(path, [RESULT])
    assert read(path) == ([RESULT, RESULT], None)


def test_a_torn_last_line_is_survived_and_mended(tmp_path):
    path = tmp_path / "r.jsonl"
    append(path, [RESULT])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    results, warning = read(path)
    assert results == [RESULT]
    assert "its last line is torn (40 bytes) and was left out; 1 records read" in warning
    append(path, [RESULT])
    assert read(path) == ([RESULT, RESULT], None)


def test_a_last_line_without_its_end_still_counts(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(to_json(RESULT))
    assert read(path) == ([RESULT], None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not json", r"r.jsonl:1: must be one JSON object per line"),
        ('{"schema": "fabricbench.result/99"}', r"schema must be fabricbench.result/2, got 'fabricbench.result/99'; a newer"),
        ("[]", r"schema must be fabricbench.result/2, got None"),
        (to_json(RESULT).replace('"gloo"', "7"), r"r.jsonl:1: source: .* got '7'"),
        (to_json(RESULT).replace('"nbytes":1024', '"nbytes":"many"'), r"case.nbytes: .* got 'many'"),
    ],
)
def test_bad_lines_are_named(tmp_path, line, message):
    path = tmp_path / "r.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(InputError, match=message):
        read(path)


def test_unreadable_and_unwritable_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"results: cannot read .*: No such file"):
        read(tmp_path / "absent.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"output: cannot write .*file/r.jsonl: .*; choose a folder that can be written"):
        append(tmp_path / "file" / "r.jsonl", [RESULT])


def test_records_satisfy_the_shipped_schema():
    jsonschema.validate(json.loads(to_json(RESULT)), schema())
    broken = json.loads(to_json(RESULT)) | {"seconds": "fast"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema())


def test_a_file_that_may_not_grow_is_left_as_it_was(tmp_path):
    """The largest size of a file stands for a full disk: the kernel cuts the same write short."""
    path = tmp_path / "r.jsonl"
    one = Result(Case("all_reduce", 8, 2, 1, 2), "gloo", (1e-3,) * 20, wrong=0)
    append(path, [one])
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))
    try:
        with pytest.raises(
            EnvironmentFault, match=r"output: no room to write .*r.jsonl: File too large; make room, then repeat"
        ):
            append(path, [one])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    append(path, [one])
    assert path.read_bytes() == before * 2


def test_what_a_model_said_in_a_record_of_the_first_schema_is_its_prediction(tmp_path):
    """/1 kept it in the context, beside a run's environment."""
    row = json.loads(to_json(Result(Case("all_reduce", 8, 2, 1, 2), "model:loaded", (1e-3,), "default", "point")))
    del row["prediction"]
    said = {"resolved_algorithm": "ring", "constants": "nccl:h100", "backend": "nccl", "exact": True, "bottleneck": "host-leaf"}
    old = {**row, "schema": "fabricbench.result/1", "context": {**said, "slowdown": 1.5, "bottleneck_link": "a -> b"}}
    measured = {**row, "schema": "fabricbench.result/1", "source": "gloo", "context": {"cores": 2, "backend": "x"}}
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(one) + "\n" for one in (old, measured)))
    (first, second), _ = read(tmp_path / "r.jsonl")
    wanted = Prediction("ring", "nccl:h100", "nccl", exact=True, bottlenecks=("host-leaf",), link="a -> b", slowdown=1.5)
    assert (first.model, first.context, first.schema) == (wanted, {}, "fabricbench.result/2")
    assert (second.prediction, second.context) == (None, {"cores": 2, "backend": "x"})
    append(tmp_path / "new.jsonl", [first, second])
    assert read(tmp_path / "new.jsonl")[0] == [first, second]
