"""`hardware` as a user types it."""

import csv
import io
import json

import jsonschema
import pytest
from click.testing import CliRunner

from fabric.answers.hardware import NAMES, VIEW
from fabric.cli.hardware import command
from fabric.hardware.catalog import VARIABLE, names
from topologies.errors import InputError


def run(*arguments: str) -> str:
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_without_a_name_it_lists_everything():
    answer = json.loads(run("--json"))
    jsonschema.validate(answer, NAMES.schema())
    listed = {(row["kind"], row["name"]) for row in answer["rows"]}
    assert {("devices", name) for name in names("devices")} < listed
    assert {("nodes", "dgx-h100"), ("links", "400g-ndr"), ("switches", "qm9700")} < listed
    assert "71 devices" in run()


def test_a_node_is_shown_with_its_device_and_every_fact_has_a_source():
    answer = json.loads(run("dgx-h100", "--json"))
    jsonschema.validate(answer, VIEW.schema())
    rows = {(row["name"], row["quantity"], row["value"]): row for row in answer["rows"]}
    assert rows["h100-sxm", "bf16", 989]["si"] == 989e12
    assert rows["h100-sxm", "bf16", 989]["counts"]
    assert rows["h100-sxm", "scale_up_speed", 380]["measured"]
    assert rows["dgx-h100", "nic_speed", 400]["si"] == 50e9
    assert all(row["weak"] for row in answer["rows"] if row["address"] is None)


def test_conflicts_are_flagged():
    answer = json.loads(run("mlu590", "--json"))
    said = {row["value"]: row for row in answer["rows"] if row["quantity"] == "bf16"}
    assert [value for value, row in said.items() if row["counts"]] == [314]
    assert [value for value, row in said.items() if row["contradicts"]] == [128, 424, 256]
    assert "conflict: bf16 314 TFLOP/s counts; against it 128 TFLOP/s (wiki-k100)" in run("mlu590")


def test_what_was_not_found_is_said():
    assert "not found: power" in run("ascend910b3")


def test_csv_has_a_row_per_fact():
    rows = list(csv.DictReader(io.StringIO(run("qm9700", "--csv"))))
    assert {row["quantity"] for row in rows} == {"ports", "port_speed", "power", "price"}


def test_a_users_fact_counts_and_names_its_file(tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_text("devices: {h100-sxm: {facts: {power: 650 W}}}\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "own.yaml"))
    first = next(row for row in json.loads(run("h100-sxm", "--json"))["rows"] if row["quantity"] == "power")
    assert (first["value"], first["counts"], first["source"]) == (650, True, str(tmp_path / "own.yaml"))
    assert f"source {tmp_path / 'own.yaml'}: a file of yours" in run("h100-sxm")


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match=r"nothing is called 'h100-sxn' in the catalogue \(did you mean h100-sxm"):
        run("h100-sxn")
