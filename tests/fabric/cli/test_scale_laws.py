"""From logs to constants to a registered prediction to its score, on the command line."""

import json
from importlib import import_module

import pytest
from click.testing import CliRunner

TOPO = "rail_only:nodes=16,rails=4,speed=200Gb/s,scale_up=nvswitch"
MIB = 1024**2


def log(path, nodes):
    """Write an nccl-tests log of a ring whose step takes 10 us and 20 ns a KiB."""
    ranks = 4 * nodes
    lines = ["# nThread 1 nGpus 1 minBytes 8 maxBytes 1073741824 step: 2(factor) iters: 20", "# Using devices"]
    lines += [
        f"#  Rank {r:2d} Group  0 Pid {100 + r} on host{r // 4:03d} device {r % 4} [0x01] NVIDIA H100" for r in range(ranks)
    ]
    lines += ["#", "#       size  count  type  redop  root  time  algbw  busbw #wrong  time  algbw  busbw #wrong"]
    for nbytes in (64 * MIB, 256 * MIB, 1024 * MIB):
        time = 2 * (ranks - 1) * (10 + nbytes / ranks * 2e-5)
        speed = nbytes / time / 1e3
        half = f"{time:.2f} {speed:.2f} {speed * 2 * (ranks - 1) / ranks:.2f} 0"
        lines.append(f"{nbytes} {nbytes // 4} float sum -1 {half} {half}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture
def said():
    runner = CliRunner()

    def run(verb, *arguments):
        command = import_module(f"fabric.cli.{verb}").command
        done = runner.invoke(command, [str(one) for one in arguments], catch_exceptions=False, standalone_mode=False)
        assert done.exit_code == 0, done.output
        return done

    return run


def test_logs_become_predictions_that_are_registered_and_scored(tmp_path, said):
    logs = [log(tmp_path / f"n{nodes}.log", nodes) for nodes in (4, 8)]
    made = said("calibrate", *logs, "--collective", "all_reduce", "--topo", TOPO, "-o", tmp_path / "site.json")
    assert "a doubling adds" in made.output
    chain = tmp_path / "before.jsonl"
    predicted = ("predict", "--topo", TOPO, "--constants", tmp_path / "site.json", "--sizes", "1GiB", "--ranks", "64")
    row = json.loads(said(*predicted, "--register", chain, "--json").stdout)["rows"][0]
    assert row["source"] == "model:laws"
    assert row["interval_seconds"][0] < row["seconds"] < row["interval_seconds"][1]
    assert row["interval_reasons"]
    entry = json.loads(chain.read_text())
    assert len(entry["inputs"]["constants_sha256"]) == 64
    said("imports", log(tmp_path / "n16.log", 16), "--collective", "all_reduce", "-o", tmp_path / "later.jsonl")
    scored = json.loads(said("compare", tmp_path / "later.jsonl", chain, "--json").stdout)["rows"][0]
    assert scored["inside"] is True
    assert abs(scored["error"]) < 0.03
    table = said("scale", "--topo", TOPO, "--constants", tmp_path / "site.json", "--sizes", "1GiB", "--ranks", "32,64").output
    assert "90 %" in table
