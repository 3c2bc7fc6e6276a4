"""Measured steps: our CSV, Megatron-LM's and torchtitan's lines, and what is none of them."""

import pytest

from fabric.importers.steps import MeasuredStep, read
from topologies.errors import InputError

MEGATRON = (
    " [2026-01-0{0} 02:59:36] iteration {0:8d}/     100 | consumed samples: 5504 | elapsed time per iteration (ms): {1} | "
    "throughput per GPU (TFLOP/s/GPU): 239.8 | learning rate: 8.6E-06 | global batch size: {2:5d} | lm loss: 1.8E+00 |"
)
TITAN = (
    "[rank{1}]:\x1b[33m[titan] 2026-01-01 10:00:00,000 - root - INFO - step: {0:2d}  loss:  7.6  grad_norm: 1.2  "
    "memory: 66.91GiB(37.51%)  tps: {2}  tflops: 314.71  mfu: 13.99%\x1b[0m"
)


def test_our_csv_says_what_it_says():
    text = "model, plan, batch, seq, devices, seconds\nllama3-8b, tp=2, 128, 8192, 64, 5.25\n,,,,,6\n"
    first, second = read(text, "mine.csv")
    assert first == MeasuredStep("mine.csv:2", 5.25, None, "llama3-8b", "tp=2", 128, 8192, 64)
    assert (second.seconds, second.batch) == (6.0, None)


def test_a_plan_with_commas_is_quoted():
    (row,) = read('plan,seconds\n"tp=8,pp=4",5\n', "mine.csv")
    assert row.plan == "tp=8,pp=4"


def test_a_rate_is_turned_into_seconds():
    (row,) = read("tokens_per_second_per_device\n1000\n", "mine.csv")
    assert row.seconds_at(batch=64, seq=8192, devices=64) == pytest.approx(8.192)


def test_megatrons_iterations_without_the_first_three():
    text = "\n".join(
        ["starting", *(MEGATRON.format(n, ms, 128) for n, ms in enumerate((9000, 7000, 6000, 5400, 5500, 5700), 1))]
    )
    (found,) = read(text, "log")
    assert (found.seconds, found.batch, found.steps, found.low, found.high) == (5.5, 128, 3, 5.4, 5.7)


def test_megatrons_batch_that_is_ramped_up_counts_where_it_ended():
    text = "\n".join(MEGATRON.format(n, 1000 * n, 64 if n < 6 else 128) for n in range(1, 9))
    (found,) = read(text, "log")
    assert (found.seconds, found.batch, found.steps) == (7.0, 128, 3)


def test_torchtitans_steps_of_several_ranks_count_once():
    text = "\n".join(TITAN.format(n, rank, f"1{n},050") for n in range(1, 8) for rank in (0, 1))
    (found,) = read(text, "log")
    assert (found.rate, found.steps, found.tool) == (15_550, 4, "torchtitan")
    assert found.seconds is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "f: must be CSV with a column seconds or tokens_per_second_per_device, or a log of Megatron-LM or "
         "torchtitan; its first line is 'hello'"),
        ("seconds\n", "f: must hold at least one row, got its heading alone"),
        ("seconds,gpus\n1,2\n", "f: columns must be of model, plan, batch, seq, devices, seconds, "
         "tokens_per_second_per_device, got 'gpus'"),
        ("seconds\n-1\n", "f:2: seconds: must be a finite number above 0, at most 1,000,000, got '-1'"),
        ("seconds,batch\n1,2.5\n", "f:2: batch: must be a whole number from 1 to 1,000,000,000, got '2.5'"),
        ("seconds,batch\n,2\n", "f:2: must say seconds or tokens_per_second_per_device, got neither"),
    ],
)  # fmt: skip
def test_what_is_no_step_is_refused_in_one_line(text, message):
    with pytest.raises(InputError) as refused:
        read(text, "f")
    assert str(refused.value) == message
