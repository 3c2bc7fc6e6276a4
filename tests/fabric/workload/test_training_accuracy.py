"""The score of published steps on a miniature table: what is registered is what is scored, held-out rows stand apart.

Rows of mosaicml/llm-foundry at 8c8dd48f72, scripts/train/benchmarking/README.md, H100 80 GB in BF16; read 2026-11-29.
"""

import json
from dataclasses import replace

import pytest

from benchmarks import training_accuracy
from benchmarks.training_accuracy import held_out, larger, ordered, report, scored, series
from benchmarks.training_registered import FITTED, ONE_ROW, key_of, register_all, registered, said_of
from benchmarks.training_rows import Row, rows_of
from fabric.workload.kernels import KERNELS
from topologies.errors import InputError

RUNS = [(8, 2, 16, 4792.0), (16, 2, 32, 4767.0), (32, 2, 64, 4811.0)]
"""Of the 13B model: devices, sequences of a micro batch and of a step, tokens a second and device."""


@pytest.fixture
def folder(tmp_path):
    rows = [
        {
            "Model": "13b", "SeqLen (T)": 2048, "# GPUs": devices, "GPU": "h100_80gb", "MicroBatchSize": mb,
            "GlobalBatchSize": batch, "Throughput (T/s)": rate * devices, "Precision": "amp_bf16", "MP Mode": "DEFAULT",
            "Activation Checkpointing": "False", "NumParams": 12853954560,
        }
        for devices, mb, batch, rate in RUNS
    ]  # fmt: skip
    (tmp_path / "one.json").write_text(json.dumps({"sets": [{"id": "llm_foundry_mpt", "rows": rows}]}))
    return tmp_path


def of(folder):
    """Return the rows of a folder, all of which are read."""
    rows = list(rows_of(folder))
    assert all(isinstance(one, Row) for one in rows), rows
    return rows


def test_a_chain_gives_back_what_was_predicted_and_holds_nothing_else(folder, tmp_path):
    found, refused = scored(of(folder), KERNELS)
    assert not refused
    chain = tmp_path / "chain.jsonl"
    kinds = {FITTED: found, ONE_ROW: larger(series(found))}
    assert len(kinds[ONE_ROW]) == 2
    lines = list(register_all(chain, {k: [(o.row, o.seconds, o.interval) for o in own] for k, own in kinds.items()}, folder))
    assert [line.split(": ")[1].split(",")[0] for line in lines] == ["3 predictions", "2 predictions"]
    said = registered(chain)
    for kind, own in kinds.items():
        for one in own:
            known = said_of(one.row, kind, said)
            assert (known.seconds, known.interval) == (one.seconds, pytest.approx(one.interval))
    assert said_of(replace(found[0].row, batch=8), FITTED, said) is None
    chain.write_text(chain.read_text().replace('"seconds":[', '"seconds":[1', 1))
    with pytest.raises(InputError, match="changed since written"):
        registered(chain)


def test_rows_that_no_chain_holds_as_fitted_are_held_out(folder, tmp_path):
    rows = of(folder)
    found, _ = scored(rows[:2], KERNELS)
    chain = tmp_path / "chain.jsonl"
    list(register_all(chain, {FITTED: [(o.row, o.seconds, o.interval) for o in found]}, folder))
    assert [one.fitted for one in held_out(rows, registered(chain))] == [True, True, False]


def test_a_report_from_a_chain_is_the_report_that_was_registered(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(training_accuracy, "published_rows", lambda _: iter(()))
    monkeypatch.setattr(training_accuracy, "CHAIN", tmp_path / "none")
    found, _ = scored(of(folder), KERNELS)
    chain = tmp_path / "chain.jsonl"
    said = {FITTED: found, ONE_ROW: larger(series(found))}
    list(register_all(chain, {k: [(o.row, o.seconds, o.interval) for o in own] for k, own in said.items()}, folder))

    def shown(lines):
        text = "\n".join(lines)
        return text[: text.index("unfitted")]

    assert shown(report(folder, registered(chain))) == shown(report(folder))


def test_one_question_with_two_answers_is_no_pair_to_order(folder):
    found, _ = scored(of(folder), KERNELS)
    twice = replace(found[0], row=replace(found[0].row, seconds=2 * found[0].row.seconds))
    order = ordered([found[0], twice], machines=False)
    assert (order.total, order.same) == (0, 1)
    slower = replace(found[1], row=replace(found[1].row, seconds=2 * found[1].row.seconds), seconds=2 * found[1].seconds)
    assert (ordered([found[0], slower], machines=False).right, ordered([found[0], slower], machines=True).total) == (1, 0)


def test_predictions_next_to_each_other_are_called_a_tie_and_not_counted_as_named(folder):
    found, _ = scored(of(folder), KERNELS)
    speed = found[0].row.tokens_per_second_per_device
    pairs = {}
    for ahead in (1.01, 1.04, 0.96):  # predicted speed over the other's, which ran as fast as half of it
        seconds = found[1].row.batch * found[1].row.sequence / found[1].row.devices / speed * 2
        slow = replace(found[1], row=replace(found[1].row, seconds=seconds), seconds=1.0)
        slow = replace(slow, seconds=slow.seconds * slow.speed / found[0].speed * ahead)
        pairs[ahead] = ordered([found[0], slow], machines=False)
    assert [(one.total, one.tied, one.right) for one in pairs.values()] == [(1, 1, 1), (1, 0, 1), (1, 0, 0)]
    assert [len(one.wrong) for one in pairs.values()] == [0, 0, 1]
    assert "0 of 0, 1 more called a tie; forced 1 of 1 (100%)" in pairs[1.01].text("here")


def test_the_key_tells_rows_apart_by_what_was_predicted(folder):
    row = of(folder)[0]
    others = [
        replace(row, sequence=1024),
        replace(row, memory_rate=1e12),
        replace(row, dropped=True),
        replace(row, node="dgx-h200"),
    ]
    assert len({(key[0].params.items().__repr__(), *key[1:]) for key in (key_of(one, FITTED) for one in [row, *others])}) == 5
