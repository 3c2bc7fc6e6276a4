import json

import pytest
from typed import typed

from fabric.collectives.catalog import COLLECTIVES

TREE = "fat_tree:k=4"


def predict(*arguments, topo=TREE):
    return typed("predict", "--topo", topo, *arguments)


def rows(*arguments, topo=TREE):
    done = predict(*arguments, "--json", topo=topo)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["rows"]


@pytest.mark.parametrize("collective", COLLECTIVES)
def test_every_collective_has_an_answer_with_its_reasons(collective):
    (row,) = rows("--collective", collective, "--sizes", "16MiB")
    assert row["seconds"] > 0
    assert row["source"].startswith("model:")
    assert row["fidelity_reason"]
    assert row["slowdown"] >= 1 - 1e-9
    assert row["exact"] is True


def test_a_range_of_seeds_gives_lowest_and_highest():
    (row,) = rows("--algorithm", "halving_doubling", "--routing", "ecmp:0-4", "--order", "scattered:1", "--sizes", "64MiB")
    assert row["seconds_low"] <= row["seconds"] <= row["seconds_high"]
    assert row["samples"] == 3


def test_failures_slow_an_all_to_all_and_name_the_link():
    (whole,) = rows("--collective", "all_to_all", "--sizes", "64MiB", "--fidelity", "loaded")
    (broken,) = rows("--collective", "all_to_all", "--sizes", "64MiB", "--fidelity", "loaded", "--fail", "links:4")
    assert broken["seconds"] > 1.2 * whole["seconds"]
    assert " -> " in broken["bottleneck_link"]


def test_a_given_order_is_read_from_a_file_and_hashed(tmp_path):
    order = tmp_path / "order.txt"
    order.write_text(" ".join(str(4 * (n % 4) + n // 4) for n in range(16)))
    (given,) = rows("--order", f"given:{order}", "--sizes", "64MiB")
    (leafwise,) = rows("--sizes", "64MiB")
    assert given["order"].startswith("given:")
    assert str(order) not in given["order"]
    assert given["slowdown"] >= leafwise["slowdown"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("1 2 x", "order: must be device numbers, got 'x'"), ("0 1 1", "order: a given list must name 3 different devices")],
)
def test_a_bad_order_file_is_one_line(tmp_path, text, words):
    order = tmp_path / "order.txt"
    order.write_text(text)
    done = predict("--order", f"given:{order}", "--ranks", "3")
    assert done.returncode == 2
    assert words in done.stderr


def test_skew_makes_an_exchange_longer():
    even, skewed = (rows("--collective", "all_to_all_v", "--param", f"skew={s}")[0] for s in (0, 1.5))
    assert skewed["seconds"] > 1.5 * even["seconds"]
    assert skewed["params"] == {"skew": 1.5}


def test_nccl_of_a_named_gpu_picks_and_is_priced_by_its_own_model():
    small, large = rows(
        "--constants",
        "nccl:h100",
        "--sizes",
        "1KiB,1GiB",
        "--ranks",
        "8",
        topo="star:devices=8,devices_per_node=8,scale_up=nvswitch",
    )
    assert small["algorithm"] == "ring"
    assert large["algorithm"] == "nvls"
    assert 350e9 < large["busbw_bytes_per_second"] < 500e9


def test_a_trace_shows_every_step_with_its_link():
    done = predict("--algorithm", "halving_doubling", "--fidelity", "loaded", "--trace", "--sizes", "64MiB")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.strip().splitlines()) == 2 + 8
    assert "host0 -> leaf0" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--collective", "all_to_all_v", "--param", "skw=1"], "param: all_to_all_v takes seed, skew, got 'skw'"),
        (["--collective", "all_to_all_v", "--param", "skew=x"], "param: must be KEY=NUMBER, such as skew=1.2, got 'skew=x'"),
        (["--collective", "all_to_all_v", "--param", "skew=-1"], "skew: must be a number >= 0, got -1"),
        (["--root", "1"], "root: all_reduce has none, got 1"),
        (["--collective", "broadcast", "--root", "16"], "root: must be a rank, 0 ... 15, got 16"),
        (["--fail", "links:99"], "failures: links must be a whole number from 0 to 32, got '99'"),
        (["--fail", "switch:leaf0"], "routing: no way in fat_tree:k=4 from device 0 to device 1"),
        (["--fidelity", "exact"], "fidelity: must be one of auto, closed, loaded, flows, got 'exact'"),
        (["--routing", "minimal:1"], "routing: minimal must be on dragonfly or dragonfly_plus"),
        (["--constants", "nccl:h900"], "must be one of a100, h100"),
        (["--constants", "nccl"], "must name its hardware, such as nccl:h100"),
        (["--trace", "--routing", "ecmp:0-3"], "routing: a trace follows one seed, got 'ecmp:0-3'"),
    ],
)
def test_bad_input_is_one_line(arguments, words):
    done = predict(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
