import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.trace import trace
from fabric.records.case import Case
from topologies.errors import InputError

LEAVES = load("leaf_spine:leaves=4,spines=1,hosts_per_leaf=4")


@pytest.mark.parametrize("fidelity", ["loaded", "flows"])
@pytest.mark.parametrize("algorithm", ["ring", "halving_doubling", "full_mesh"])
def test_the_steps_fill_the_whole_time(fidelity, algorithm):
    case = Case("all_reduce", 2**24, 16, 16, 1, order="interleaved")
    rows = trace(case, LEAVES, algorithm=algorithm, fidelity=fidelity)
    (result,) = predict([case], LEAVES, algorithm=algorithm, fidelity=fidelity)
    assert rows[0]["start_seconds"] == 0
    assert max(row["start_seconds"] + row["seconds"] for row in rows) == pytest.approx(result.time)
    assert all(0 <= row["fullness"] <= 1 + 1e-9 for row in rows)


def test_a_congested_step_names_its_uplink_and_how_full_it_is():
    rows = trace(Case("all_reduce", 2**26, 16, 16, 1, order="interleaved"), LEAVES, algorithm="ring", fidelity="loaded")
    assert [row["repeats"] for row in rows] == [15, 15]
    for row in rows:
        assert row["level"] == "leaf-spine"
        assert "spine0" in row["link"]
        assert row["fullness"] > 0.99


def test_the_default_fidelity_is_that_of_predict():
    case = Case("all_reduce", 2**26, 16, 16, 1, order="scattered:1")
    rows = trace(case, load("fat_tree:k=4"), algorithm="halving_doubling", routing="ecmp:1")
    (result,) = predict([case], load("fat_tree:k=4"), algorithm="halving_doubling", routing="ecmp:1")
    assert {f"model:{row['fidelity']}" for row in rows} == {result.source}


def test_a_range_of_seeds_is_refused():
    with pytest.raises(InputError, match="routing: a trace follows one seed, got 'ecmp:0-3'"):
        trace(Case("all_reduce", 8, 4, 4, 1), LEAVES, algorithm="ring", routing="ecmp:0-3")
