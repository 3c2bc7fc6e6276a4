import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.one_node import law_of, one_domain
from benchmarks.published_fits import blended, curve, left_out, line, lines, one_line, saturating, smooth_curve
from fabric.predict.published import inferred_ranks, load, load_efficiencies, screen
from topologies.errors import InputError

DATA = Path(__file__).parents[4] / "shared" / "data" / "published_busbw.json"
needs_data = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not here")


def rows(p=16, noise=0.01, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for size in 2 ** np.arange(10, 31):
        time = (30 + size / 2e5) * (1 + noise * rng.random())
        algbw = size / time / 1e3
        again = time * (1 + noise * rng.standard_normal())
        found.append(
            {
                "size": int(size),
                "time_us": round(time, 2),
                "algbw": round(algbw, 2),
                "busbw": round(algbw * 2 * (p - 1) / p, 2),
                "ip_time_us": round(again, 2),
            }
        )
    return found


def write(path, table_rows, **changed):
    table = {
        "id": "t",
        "collective": "all_reduce",
        "n_ranks": 16,
        "nodes": 2,
        "source": "made for the test",
        "rows": table_rows,
    }
    file = path / "p.json"
    file.write_text(json.dumps({"tables": [table | changed]}))
    return file


def read(path, table_rows, **changed):
    return load(write(path, table_rows, **changed))[0]


@pytest.mark.parametrize("p", [2, 8, 16, 72, 128])
def test_an_honest_table_passes(tmp_path, p):
    table = read(tmp_path, rows(p), n_ranks=p)
    assert screen(table) == []
    assert abs(inferred_ranks(table) - p) <= p * 0.02


def test_rows_come_sorted_in_seconds(tmp_path):
    table = read(tmp_path, rows()[::-1])
    assert (np.diff(table.sizes) > 0).all()
    assert table.seconds[0] == pytest.approx(rows()[0]["time_us"] * 1e-6)


def test_planted_faults_are_found(tmp_path):
    wrong = rows()
    wrong[15]["algbw"] *= 1.1
    (found,) = screen(read(tmp_path, wrong))
    assert found.startswith("algbw: 1 rows are not size / time, first at 33554432 bytes")
    (found,) = screen(read(tmp_path, rows(), n_ranks=8))
    assert found == "ranks: 8 stated, busbw / algbw means 16"
    for key in ("difference", "ratio"):
        offset = [r | {"ip_time_us": r["time_us"] + 3 if key == "difference" else r["time_us"] * 1.02} for r in rows()]
        assert any(
            f"in place: the same {key} to out of place in all 21 rows" in line for line in screen(read(tmp_path, offset))
        )
    twice = rows()
    twice[1]["size"] = twice[0]["size"]
    assert any(line.startswith("size: must differ") for line in screen(read(tmp_path, twice)))
    table = read(tmp_path, rows())
    assert screen(replace(table, seconds=np.append(table.seconds[:-1], 0.0)))[0] == "time: must be > 0 in every row"


def test_a_table_without_bandwidth_says_nothing_of_its_ranks(tmp_path):
    bare = [{"size": r["size"], "time_us": r["time_us"]} for r in rows()]
    table = read(tmp_path, bare)
    assert inferred_ranks(table) is None
    assert screen(table) == []


def test_files_that_are_none_get_one_line(tmp_path):
    with pytest.raises(InputError, match=r"published: cannot read .*: No such file"):
        load(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(InputError, match="must be JSON"):
        load(tmp_path / "bad.json")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(InputError, match="must hold an object with a list `tables`"):
        load(tmp_path / "list.json")
    with pytest.raises(InputError, match="published: table t: lacks 'time_us'"):
        load(write(tmp_path, [{"size": 1}]))


@needs_data
def test_the_published_tables_are_read_and_pass():
    tables = load(DATA)
    assert len(tables) == 13
    for table in tables:
        assert screen(table) == [], table.name
        assert inferred_ranks(table) == table.ranks
    (efficiencies,) = load_efficiencies(DATA).values()
    assert len(efficiencies) == 55
    assert all(0 < row.efficiency <= 1 for row in efficiencies)


def test_a_line_is_found_again():
    sizes = 2.0 ** np.arange(3, 30)
    assert line(sizes, 3e-5 + 2e-11 * sizes) == pytest.approx((3e-5, 2e-11), rel=1e-6)
    assert line(sizes, np.full(len(sizes), 4e-5)) == pytest.approx((4e-5, 0.0), abs=1e-18)


def test_protocol_lines_find_their_border():
    sizes = 2.0 ** np.arange(3, 30)
    seconds = np.where(sizes < 2**16, 2e-5 + 1e-9 * sizes, 6e-5 + 1e-11 * sizes)
    assert np.abs(lines(2)(sizes, seconds)(sizes) / seconds - 1).max() < 1e-6
    assert np.abs(one_line(sizes, seconds)(sizes) / seconds - 1).max() > 0.1


@pytest.mark.parametrize("fit", [curve, smooth_curve])
def test_curves_pass_through_their_points_and_go_on_beyond(fit):
    sizes = 4.0 ** np.arange(2, 14)
    seconds = 2e-5 + sizes / 1e10
    law = fit(sizes, seconds)
    assert law(sizes) == pytest.approx(seconds)
    assert law(np.array([2 * sizes[-1]]))[0] == pytest.approx(2e-5 + 2 * sizes[-1] / 1e10, rel=0.1)
    assert law(np.array([1.0]))[0] == pytest.approx(seconds[0], rel=0.01)


def test_a_point_left_out_is_not_seen():
    sizes, seconds = 2.0 ** np.arange(3, 15), np.full(12, 1e-5)
    seconds[5] = 1.0
    assert left_out(one_line, sizes, seconds)[5] == pytest.approx(np.log(1e5), rel=1e-6)


def test_the_blend_leans_on_what_fits():
    sizes = 2.0 ** np.arange(3, 30, 2)
    name, law = blended({"one line": one_line, "saturating": saturating, "curve": curve}, sizes, 1e-5 + 1e-10 * sizes)
    assert name in ("one line", "saturating")
    between = sizes[:-1] * 2
    assert law(between) == pytest.approx(1e-5 + 1e-10 * between, rel=1e-3)


@needs_data
def test_rates_of_four_generations_on_one_node():
    """Where the rate alone counts, the model of every generation is within a fifth of its published one-node table."""
    found = {}
    for table in one_domain(load(DATA)):
        law, by = law_of(table)
        large = table.sizes >= 2**27
        if by == "NCCL's model":
            found[table.facts["gpu"]] = np.median(law(table.sizes[large]) / table.seconds[large] - 1)
    assert {gpu.split("-")[0] for gpu in found} == {"A100", "H100", "B200", "GB200"}
    assert all(abs(error) < 0.2 for error in found.values()), found


def test_several_nodes_are_not_one_domain(tmp_path):
    one = read(tmp_path, rows(8), n_ranks=8, nodes=1, gpu="A100", algorithm="default")
    two = read(tmp_path, rows(), gpu="A100", algorithm="default")
    assert list(one_domain([one, two])) == [one]
    assert law_of(one)[1] == "NCCL's model"
