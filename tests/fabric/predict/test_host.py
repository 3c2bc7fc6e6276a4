"""A node's own copies and additions: closed forms, a fit that finds them again, and a site whose rows they answer.

LUMI: one rank a node, all-reduce and all-gather by algorithm of CRAY MPICH 8.1.29, microseconds, 64 and 512 MiB (ring on 16
nodes 32 and 256), medians of the runs of HLC-Lab/bine-trees' published results (MIT), read in November 2026.
"""

from dataclasses import replace

import pytest

from fabric.answers.calibrate import calibrate
from fabric.network.spec import load as fabric_of
from fabric.network.working_sets import Rates, WorkingSets
from fabric.predict.answer import predict
from fabric.predict.constants import Constants, Line, choose, load, write
from fabric.predict.footprint import touched
from fabric.predict.host import HostRate, HostRates, of_working_sets
from fabric.predict.host_fit import host_rates, named
from fabric.records.case import Case
from fabric.records.result import Result

MIB = 1 << 20
MPI = "mpi:mpich"
EIGHT = fabric_of("rail_only:nodes=8,rails=1,speed=200Gb/s")
SIXTEEN = fabric_of("rail_only:nodes=16,rails=1,speed=200Gb/s")
HOST = HostRates((HostRate(64 * MIB, 8e9, 4e9), HostRate(1024 * MIB, 2e9, 1e9)), "made for the test", 1)
LUMI = {
    ("all_reduce", "ring_over"): {64: 27969, 512: 233506},
    ("all_reduce", "rabenseifner_over"): {64: 25071, 512: 245604},
    ("all_reduce", "recursive_doubling_over"): {64: 71398, 512: 643419},
}
ON_16 = {("all_gather", "ring_mpich"): {64: 10100.5, 512: 75108.8}, ("all_reduce", "ring_over"): {32: 16400.4, 256: 118232.1}}


def case(collective, nbytes, nodes):
    return Case(collective, nbytes, nodes, nodes, 1, in_place=False)


def rows(table, nodes):
    return [
        Result(case(kind, size * MIB, nodes), f"import:osu:{MPI}", (t * 1e-6,), by, "mean")
        for (kind, by), times in table.items()
        for size, t in times.items()
    ]


def seconds(collective, nbytes, algorithm, host=HOST):
    constants = Constants("test", {}, "", backend=MPI, host=host)
    return predict([case(collective, nbytes, 8)], EIGHT, constants, algorithm=algorithm)[0]


def test_a_ring_sends_and_adds_at_the_nodes_own_rates():
    """64 MiB, all-gather: touched is S + S/8; 7/8 S sent at that footprint's rate, and an all-reduce adds 7/8 S besides."""
    for collective, sends, adds in (("all_gather", 1, 0), ("reduce_scatter", 1, 1), ("all_reduce", 2, 1)):
        own, nbytes = case(collective, 64 * MIB, 8), 64 * MIB
        at = HOST.at(touched(own))
        latency = seconds(collective, 8, "ring").time
        expected = 7 / 8 * nbytes * (sends / at.copy + adds / at.reduce)
        assert seconds(collective, nbytes, "ring").time == pytest.approx(expected + latency, rel=1e-3)


def test_rates_are_taken_by_footprint():
    assert HOST.at(64 * MIB) == HostRate(64 * MIB, pytest.approx(8e9), pytest.approx(4e9))
    assert HOST.at(256 * MIB).copy == pytest.approx(4e9)
    assert HOST.at(1 << 40).reduce == pytest.approx(1e9)
    assert HOST.at(17 * MIB).copy == pytest.approx(8e9)
    assert HOST.at(8 * MIB) is None


def test_no_host_is_faster_than_its_nic():
    fast = HostRates((HostRate(MIB, 1e12, None),), "test", 1)
    assert seconds("all_gather", 64 * MIB, "ring", fast).time == pytest.approx(
        seconds("all_gather", 64 * MIB, "ring", None).time
    )


def test_what_no_row_says_of_adding_takes_at_least_what_copying_does():
    silent = replace(HOST, rates=tuple(replace(one, reduce=None) for one in HOST.rates))
    equal = replace(HOST, rates=tuple(replace(one, reduce=one.copy) for one in HOST.rates))
    ours, theirs = (seconds("all_reduce", 64 * MIB, "ring", host) for host in (silent, equal))
    assert ours.time == pytest.approx(theirs.time)
    assert ours.model.interval[1] > theirs.model.interval[1]
    assert any("no row says what adding takes" in why for why in ours.model.interval_reasons)


def test_the_fit_finds_rates_again_that_made_the_rows():
    made = [
        replace(seconds(kind, 64 * MIB, by), source=MPI, algorithm=by)
        for kind, by in (("all_reduce", "ring"), ("all_reduce", "recursive_doubling"), ("all_gather", "ring"))
    ]
    at = HOST.at(touched(case("all_reduce", 64 * MIB, 8)))
    all_reduces = host_rates(made[:2], EIGHT, MPI).rates[0]
    assert (all_reduces.copy, all_reduces.reduce) == (pytest.approx(at.copy, rel=0.01), pytest.approx(at.reduce, rel=0.01))
    gathers = host_rates(made[2:], EIGHT, MPI).rates[0]
    assert gathers.copy == pytest.approx(HOST.at(72 * MIB).copy, rel=0.01)
    assert gathers.reduce is None
    assert host_rates(made[2:], EIGHT, MPI).spread == (pytest.approx(1, rel=0.01), pytest.approx(1, rel=0.01))


@pytest.mark.parametrize(
    ("collective", "name", "ours"),
    [
        ("all_reduce", "rabenseifner_over", "halving_doubling"),
        ("all_reduce", "ring_segmented_ompi", "ring"),
        ("all_reduce", "default-recursive_doubling", "recursive_doubling"),
        ("reduce_scatter", "recursive_halving_ompi", "recursive_halving"),
        ("all_gather", "brucks_mpich", "bruck"),
        ("all_reduce", "bine_lat_over", None),
        ("all_gather", "rabenseifner", None),
    ],
)
def test_names_of_libraries_are_read_by_their_words(collective, name, ours):
    assert named(case(collective, MIB, 8), name) == ours


def test_a_site_answers_what_it_has_no_rows_of_within_a_factor_of_two():
    """All-gather on 16 nodes from all-reduces on 8, and the ring from the others; the wire alone is 3.7 to 6.5 x too fast."""
    for (kind, by), times in ON_16.items():
        known = [row for row in rows(LUMI, 8) if (row.case.collective, row.algorithm) != (kind, by)]
        host = host_rates(known, EIGHT, MPI)
        for size, t in times.items():
            constants = Constants("lumi", {}, "", backend=MPI, host=host)
            said = predict([case(kind, size * MIB, 16)], SIXTEEN, constants, algorithm="ring")[0]
            nominal = predict([case(kind, size * MIB, 16)], SIXTEEN, replace(constants, host=None), algorithm="ring")[0]
            assert 0.5 < t * 1e-6 / said.time < 2
            assert said.model.interval[0] < t * 1e-6 < said.model.interval[1]
            assert t * 1e-6 > 3.5 * nominal.time
            assert nominal.model.interval is None
            assert "lack the rates at which a node copies and reduces" in nominal.model.interval_reasons[0]


def test_calibrate_fills_the_field_and_files_carry_it(tmp_path):
    found = calibrate(rows(LUMI, 8), EIGHT)
    write(tmp_path / "site.json", list(found))
    known = choose(load(str(tmp_path / "site.json")), MPI)
    assert known == choose(list(found), MPI)
    assert known.host.ranks_per_node == 1
    assert [one.rows for one in known.host.rates] == [3, 3]
    assert known.host.source == "6 rows of MPI from 1 MiB on, 8 nodes"
    gather = predict([case("all_gather", 64 * MIB, 16)], SIXTEEN, known, algorithm="ring")[0]
    assert gather.source != "model:laws"
    assert gather.model.interval is not None
    own = predict([case("all_reduce", 64 * MIB, 16)], SIXTEEN, known, algorithm="ring_over")[0]
    assert own.source == "model:laws"


def test_constants_of_this_machine_carry_what_build_local_measured():
    """On a fabric that does not say how fast its memory is, passes cost what the constants' own machine says."""
    speeds = [(MIB, 50e9), (256 * MIB, 10e9)]
    sets = WorkingSets(tuple(Rates(n, s, s, s, s) for n, s in speeds), 2e9, 8e9, 3, "2026-11-29", "made for the test")
    host = of_working_sets(sets)
    assert host.source == "made for the test"
    assert host.excess(256 * MIB) == pytest.approx(sets.excess(256 * MIB)) == pytest.approx(1 / 10e9 - 1 / 50e9)
    assert host.excess(MIB) == 0.0
    plain = fabric_of("local:slots=2")
    lined = Constants("lined", {"*": (Line(2e-6, 0.1e-9, passes=4.0),)}, "", backend="mpi:other", host=host)
    own = [Case("all_reduce", 128 * MIB, 2, 1, 2)]
    told = predict(own, replace(plain, working_sets=sets), replace(lined, host=None), algorithm="ring")[0].time
    assert predict(own, plain, lined, algorithm="ring")[0].time == pytest.approx(told)
