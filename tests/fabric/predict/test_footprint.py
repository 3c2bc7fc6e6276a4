"""What a byte takes beyond the caches: closed forms, and a fit that finds passes and new pages again."""

from dataclasses import replace

import pytest

from fabric.network.spec import load
from fabric.network.working_sets import Rates, WorkingSets
from fabric.predict.answer import predict
from fabric.predict.calibrate import calibrate, split
from fabric.predict.constants import Constants, Line
from fabric.predict.footprint import Beyond, beyond, touched
from fabric.records.case import Case

MIB = 1 << 20
RATES = [(MIB, 50e9), (16 * MIB, 50e9), (64 * MIB, 10e9), (256 * MIB, 8e9)]
OWN = tuple(Rates(n, speed, speed, speed, speed) for n, speed in RATES)
SETS = WorkingSets(OWN, 2e9, 8e9, 3, "2026-11-29", "made for the test")
PLAIN = load("local:slots=2")
LOCAL = replace(PLAIN, working_sets=SETS)
TRUTH = Constants("truth", {"*": (Line(2e-6, 0.1e-9, passes=4.0),)}, "made for the test", backend="mpi:openmpi")
SIZES = [2**i for i in range(3, 27)]


def all_reduce(nbytes, in_place=True, ranks=2):
    return Case("all_reduce", nbytes, ranks, 1, ranks, in_place=in_place)


def seconds(fabric, constants, nbytes, in_place=True):
    return predict([all_reduce(nbytes, in_place)], fabric, constants)[0].time


@pytest.mark.parametrize(
    ("case", "buffers"),
    [
        (all_reduce(MIB), 4),
        (all_reduce(MIB, in_place=False), 6),
        (Case("broadcast", MIB, 2, 1, 2, root=0), 2),
        (Case("all_gather", MIB, 2, 1, 2, in_place=False), 2 * 1.5),
        (all_reduce(MIB, ranks=8), 16),
    ],
)
def test_ranks_of_a_node_touch_their_buffers_and_what_they_reduce(case, buffers):
    assert touched(case) == buffers * MIB


def test_within_the_caches_and_without_rates_nothing_changes():
    for nbytes in (8, MIB, 4 * MIB):
        assert seconds(LOCAL, TRUTH, nbytes) == pytest.approx(seconds(PLAIN, TRUTH, nbytes), rel=1e-12)
    assert beyond(all_reduce(64 * MIB), PLAIN, "mpi:openmpi", "halving_doubling") == Beyond()


def test_beyond_them_every_pass_takes_what_memory_takes_more():
    """16 MiB in place: 64 MiB touched, where a byte takes 0.1 ns and not 0.02; S bytes in all over two messages of S/2."""
    more = seconds(LOCAL, TRUTH, 16 * MIB) - seconds(PLAIN, TRUTH, 16 * MIB)
    assert more == pytest.approx(16 * MIB * 4 * 0.08e-9)


def test_what_open_mpi_takes_anew_costs_its_pages():
    """Rabenseifner's scratch of 32 MiB or more is new in every call, and half of it is written to on two ranks."""
    assert beyond(all_reduce(32 * MIB), LOCAL, "mpi:openmpi", "halving_doubling").anew == pytest.approx(
        0.5 * (1 / 2e9 - SETS.seconds_per_byte(128 * MIB))
    )
    for backend, algorithm, nbytes in [
        ("mpi:openmpi", "halving_doubling", 16 * MIB),
        ("mpi:openmpi", "ring", 32 * MIB),
        ("mpi:mpich", "halving_doubling", 32 * MIB),
        ("gloo", "gloo_ring", 32 * MIB),
        (None, "halving_doubling", 32 * MIB),
    ]:
        assert beyond(all_reduce(nbytes), LOCAL, backend, algorithm).anew == 0


def test_without_a_library_the_fabrics_own_speed_is_one_pass():
    own = replace(TRUTH, lines={}, backend="mpi:mpich")
    moved = 16 * MIB
    assert seconds(LOCAL, own, moved) - seconds(PLAIN, own, moved) == pytest.approx(moved * 0.08e-9)


def test_a_fit_finds_the_passes_again_and_holds_beyond_the_sizes_it_saw():
    cases = [all_reduce(size) for size in SIZES]
    ran = {"source": "mpi:openmpi", "algorithm": "default", "statistic": "raw", "wrong": 0, "context": {}}
    results = [replace(answer, **ran, seconds=(answer.time,) * 9) for answer in predict(cases, LOCAL, TRUTH)]
    fitted = calibrate(results, LOCAL)
    assert fitted.lines["*"][-1].passes == pytest.approx(4.0, rel=0.05)
    held = split(results).held_out
    assert max(one.case.nbytes for one in held) == 64 * MIB
    for one, said in zip(held, predict([one.case for one in held], LOCAL, fitted), strict=True):
        assert said.time == pytest.approx(one.time, rel=0.05)
    blind = calibrate(results, PLAIN)
    largest = max(held, key=lambda one: one.case.nbytes)
    assert abs(largest.time / predict([largest.case], PLAIN, blind)[0].time - 1) > 0.2
