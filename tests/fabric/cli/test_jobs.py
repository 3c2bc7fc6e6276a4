import json

import pytest
from typed import typed

TOPO = ("--topo", "leaf_spine:leaves=4,spines=1,hosts_per_leaf=4")


def jobs(*arguments):
    return typed("jobs", *TOPO, *arguments)


def test_jobs_show_their_mutual_slowdown():
    done = jobs("--job", "all_reduce:16MiB:8:ring", "--job", "all_to_all:16MiB:8", "--order", "interleaved", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [row["collective"] for row in rows] == ["all_reduce", "all_to_all"]
    assert rows[1]["algorithm"] == "direct"
    assert rows[0]["slowdown_by_others"] > rows[1]["slowdown_by_others"] > 1, "one flow a rank loses against many"
    assert all(row["seconds"] == pytest.approx(row["alone_seconds"] * row["slowdown_by_others"]) for row in rows)


def test_the_table_names_the_link():
    done = jobs("--job", "all_reduce:16MiB:8:ring", "--job", "all_reduce:16MiB:8:ring", "--order", "interleaved")
    assert done.returncode == 0, done.stderr
    assert "2 jobs at once on leaf_spine" in done.stdout
    assert "spine0" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("all_reduce:16MiB", "job: must be COLLECTIVE:SIZE:RANKS[:ALGORITHM], such as all_reduce:64MiB:16:ring"),
        ("all_reduced:16MiB:8", "did you mean all_reduce?"),
        ("all_reduce:16MiB,1MiB:8", "job: must have one size and one number of ranks"),
        ("all_reduce:16MiB:99", "has 16 devices, got 99 ranks"),
        ("all_reduce:16MiB:8:rings", "did you mean ring?"),
    ],
)
def test_bad_jobs_get_one_line(job, words):
    done = jobs("--job", job)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
