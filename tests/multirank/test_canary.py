"""Every result of a run carries its launch and what an 8-byte canary said beside it, sub-groups and outsiders included."""

import json

import pytest

pytestmark = pytest.mark.multirank


@pytest.mark.parametrize("backend", ["mpi"], indirect=True)
def test_every_result_has_a_canary_and_a_launch(ranks, backend, tmp_path):
    """Of gloo's canary test_collectives.py asks; each of its world sizes would be a launch here."""
    path = tmp_path / "run.jsonl"
    many = ["--backend", backend.name, "--ranks", "1,2", "--sizes", "8,4KiB", "--visits", "2", "--budget", "0.1"]
    done = ranks.measure(*many, "-o", str(path))
    assert done.returncode == 0, done.stderr
    contexts = [json.loads(line)["context"] for line in path.read_text().splitlines()]
    assert contexts
    assert all(context["canary_seconds"] > 0 for context in contexts)
    assert {context["canary_ranks"] for context in contexts} <= {1, 2}
    assert len({(context["launch"], context["canary_ranks"]) for context in contexts}) == 1
    assert all("clock_jump_seconds" not in context for context in contexts)


def test_pooled_rows_carry_p10_and_p99_or_the_samples_that_they_need(ranks, tmp_path):
    ranks.needs("mpi")
    done = ranks.measure("--backend", "mpi", "--ranks", "2", "--sizes", "8", "--iters", "60", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    rows = rows if isinstance(rows, list) else rows["rows"]
    for row in rows:
        assert row["samples"] == 60
        assert row["p10_seconds_low"] <= row["p10_seconds"] <= row["p10_seconds_high"]
        assert row["p99_seconds_low"] is None
        assert row["p99_samples_needed"] == 528
