"""Every signature on rows that show it, and on healthy rows that do not."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import sites

from fabric.judge.judge import judge
from fabric.judge.signatures.catalog import SIGNATURES

H100 = sites.nominal("h100")
HEALTHY = [*sites.tables(), *sites.apart()]


def seen(rows, nominal=H100, **how):
    return {one.name: one for one in judge(rows, nominal, **how).signatures}


@pytest.mark.parametrize(("name", "site", "rows"), HEALTHY, ids=lambda v: v if isinstance(v, str) else "")
def test_healthy_tables_show_none_of_the_causes(name, site, rows):
    causes = {found for found, one in seen(rows, sites.nominal(site)).items() if not one.note}
    assert not causes, name


@pytest.mark.parametrize(
    ("factor", "name"),
    [(2.0, "part of the rails"), (4.0, "part of the rails"), (2.6, "ACS or GPUDirect off"), (20.0, "host path or TCP")],
)
def test_the_share_of_the_nics_names_a_cause(factor, name):
    found = seen(sites.rows(4, 8, sites.H100_FOUR_NODES, factor=factor))
    assert name in found
    assert found[name].next_command
    assert found[name].causes


def test_what_comes_and_goes_between_runs_is_no_lost_part():
    bad = sites.rows(4, 8, sites.H100_FOUR_NODES, factor=2.0, file="bad")
    good = [row for run in range(2) for row in sites.rows(4, 8, sites.H100_FOUR_NODES, file=f"good{run}")]
    assert not seen(bad)["part of the rails"].note
    assert seen([*bad, *good])["part of the rails"].note


def test_tcp_is_seen_on_real_rows_of_sockets():
    """128 MiB over TCP between two A100, at the same rate 256 MiB: 3 GB/s where the NICs give 25."""
    from fabric.judge.nominal import nominal_of
    from fabric.network.spec import from_short_form
    from fabric.predict.constants import constants_of

    nominal = nominal_of(from_short_form("star:devices=2,speed=200Gb/s"), constants_of("nccl:a100"))
    found = seen([sites.row(2, 1, 256, 2 * sites.SOCKETS_128_MIB)], nominal)
    assert "0.064 of the NICs' rate" in found["host path or TCP"].evidence


def test_one_node_at_ring_speed_means_no_nvls():
    ring = sites.rows(1, 8, {1024: (5080.0,), 2048: (10130.0,)})
    assert "NVLS not in use" in seen(ring)
    assert "NVLS not in use" not in seen(sites.rows(1, 8, sites.H100_ONE_NODE))
    assert "NVLS not in use" not in seen(sites.rows(1, 4, {1024: (5080.0,)}))
    assert "NVLS not in use" not in seen(ring, sites.nominal("a100"))


def test_ll128_is_missed_on_real_rows_of_a_site_without_it():
    """Alps on 16 nodes: a ring without LL128 to 14 %, twice and more of what NCCL would choose with it."""
    assert seen(rows := sites.rows(16, 4, sites.ALPS_SMALL_16), sites.nominal("alps"))["LL128 not in use"].note
    assert "LL128 not in use" not in seen([replace(row, seconds=(row.time / 2,)) for row in rows], sites.nominal("alps"))
    assert "LL128 not in use" not in seen(sites.rows(4, 8, sites.H100_FOUR_SMALL))


@pytest.mark.parametrize("algorithm", ["ring", "tree", "default"])
def test_ll128_is_not_missed_where_it_is_in_use(algorithm):
    asked = [sites.row(8, 8, mib, 1.0, algorithm) for mib in (1, 2, 4, 8, 16)]
    times = [[c.seconds for n, c in H100.choices(one.case).items() if algorithm in ("default", n)] for one in asked]
    rows = [replace(one, seconds=(1.02 * min(time),)) for one, time in zip(asked, times, strict=True)]
    assert "LL128 not in use" not in seen(rows)


def test_a_hole_is_a_note():
    found = seen(sites.rows(4, 4, sites.ALPS_HOLE), sites.nominal("alps"))["hole or threshold"]
    assert found.note
    assert found.nbytes == sites.MIB


def test_steps_that_grow_at_equal_block_are_seen_and_a_falling_busbw_alone_is_not():
    few = sites.rows(4, 8, {1024: (6000.0,), 2048: (11600.0,)})
    many = sites.rows(8, 8, {2048: (13200.0,), 4096: (25000.0,)})
    assert "steps grow with nodes" not in seen([*few, *many])
    slow = sites.rows(8, 8, {2048: (17000.0,), 4096: (33000.0,)})
    assert "steps grow with nodes" in seen([*few, *slow])


def test_runs_that_differ_mean_a_shared_fabric():
    calm = sites.rows(8, 8, {m: (m * 6.0, m * 6.1, m * 6.05) for m in (512, 1024, 2048, 4096)})
    shared = sites.rows(8, 8, {m: (m * 6.0, m * 9.1, m * 7.0) for m in (512, 1024, 2048, 4096)})
    assert "shared and congested" not in seen(calm)
    assert "shared and congested" in seen(shared)


def test_congested_runs_of_a_real_site_are_seen_as_such():
    """Alps, two of three runs on 16 nodes: steps grow and runs differ; the same setting on 8 nodes shows neither."""
    calm = sites.rows(8, 4, sites.ALPS_CONGESTED[8])
    wanted = {"shared and congested", "steps grow with nodes"}
    assert not wanted & seen(calm, sites.nominal("alps")).keys()
    found = seen([*calm, *sites.rows(16, 4, sites.ALPS_CONGESTED[16])], sites.nominal("alps"))
    assert wanted <= found.keys()
    assert "1.45 times as long on 16 nodes as on 8" in found["steps grow with nodes"].evidence


def both_halves(offset):
    sizes = [2**k / 1024 for k in range(10, 22)]
    outside = [sites.row(4, 8, mib, 100 + 6 * mib) for mib in sizes]
    return outside + [sites.row(4, 8, mib, 100 + 6 * mib + offset(at), in_place=True) for at, mib in enumerate(sizes)]


def test_one_offset_in_place_means_an_invented_table_whose_rows_are_not_judged():
    judged = judge(both_halves(lambda _: -1.25), H100)
    assert "invented table" in {one.name for one in judged.signatures}
    assert {row.verdict for row in judged.judgements} == {"unknown"}
    assert "invented table" not in seen(both_halves(lambda at: 0.37 * at * at - 3))


def test_bandwidths_of_another_rank_count_are_seen():
    def rows(factor):
        made = sites.rows(4, 8, sites.H100_FOUR_NODES)
        rates = [one.algbw / 1e9 for one in made]
        return [
            replace(one, context={**one.context, "printed_gb_per_second": {"algbw": rate, "busbw": rate * factor}})
            for one, rate in zip(made, rates, strict=True)
        ]

    assert "contradicted rank count" in seen(rows(2 * 15 / 16))
    assert "contradicted rank count" not in seen(rows(2 * 31 / 32))


def test_every_signature_has_a_file_of_its_own():
    files = {find.__module__ for find in SIGNATURES.values()}
    assert len(files) == len(SIGNATURES)
