"""The laws of scale: exact where a site keeps them, and wider where its rows leave something open."""

from dataclasses import replace
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.predict.curves import HOLE, at, without_holes
from fabric.predict.laws import Point, Rows, points_of, size_law, trend
from fabric.predict.names import is_ring, is_whole, steps
from fabric.predict.site import Laws, laws_by_setting, tail_of
from fabric.records.case import Case
from fabric.records.result import Result

MIB = 1024**2
NODES = st.integers(3, 200)


def case(nodes, nbytes, collective="all_reduce", per_node=4):
    return Case(collective, nbytes, nodes * per_node, nodes, per_node, in_place=False)


def point(nodes, nbytes, seconds, algorithm="ring", collective="all_reduce"):
    return Point("nccl", collective, algorithm, nodes, 4 * nodes, nbytes, seconds)


def ring(nodes, nbytes, collective="all_reduce"):
    """A ring with 3 us and 20 ns a KiB per step."""
    ranks = 4 * nodes
    return point(nodes, nbytes, steps(collective, ranks) * (3e-6 + nbytes / ranks * 2e-11), collective=collective)


@settings(max_examples=40)
@given(NODES, NODES, st.integers(4, 20), st.sampled_from(["all_reduce", "all_gather", "reduce_scatter"]))
def test_a_rings_time_at_an_equal_block_is_carried_over_exactly(few, many, octave, collective):
    known = [ring(few, 4 * few * 2**at, collective) for at in (octave, octave + 1)]
    asked = ring(many, 4 * many * 2**octave, collective)
    found = trend(case(many, asked.nbytes, collective), "nccl", "ring", Rows(tuple(known)))
    assert found.seconds == pytest.approx(asked.seconds, rel=1e-9)


@settings(max_examples=40)
@given(st.integers(3, 16), st.integers(1, 5), st.integers(1, 3), st.floats(1e-6, 1e-3), st.floats(0, 0.5))
def test_a_trees_levels_are_carried_over_exactly(few, doublings, between, base, level):
    def tree(nodes):
        return base * (1 + level * log2(nodes / few) / max(1.0, log2(few)))

    known = Rows(tuple(point(few * 2**n, MIB, tree(few * 2**n), "tree") for n in range(between + 1)))
    nodes = few * 2 ** (between + doublings)
    assert size_law(case(nodes, MIB), known, levels=True).seconds == pytest.approx(tree(nodes), rel=1e-9)


def test_growth_beyond_levels_is_that_of_a_ring_unless_the_algorithm_is_a_tree():
    rows = Rows((point(4, 256, 42e-6, "default"), point(8, 256, 74e-6, "default")))
    assert size_law(case(16, 256), rows).seconds == pytest.approx(138e-6)
    assert size_law(case(16, 256), rows, levels=True).seconds < 100e-6


def test_two_noisy_rows_of_a_free_choice_do_not_run_away():
    """Alps, 16 KiB on 2, 4, 8 nodes: a level more adds 50 us, a hair above a third of 150; linear growth said 6 ms on 512."""
    rows = Rows(tuple(point(n, 16 << 10, t * 1e-6, "default") for n, t in ((2, 49.8), (4, 102.5), (8, 150.4))))
    assert trend(case(16, 16 << 10), "nccl", "default", rows).seconds == pytest.approx(201.9e-6, rel=0.01)
    assert trend(case(512, 16 << 10), "nccl", "default", rows).seconds < 500e-6


def test_two_nodes_do_not_tell_levels_from_a_ring():
    rows = Rows((point(2, 256, 20e-6, "default"), point(4, 256, 42e-6, "default")))
    assert size_law(case(64, 256), rows).seconds < 150e-6


def test_of_one_number_of_nodes_what_is_not_its_bytes_grows_with_the_levels():
    """Alps, 8 MiB on 8 and 16 nodes: 758 and 965 us; 4 GiB in 91.7 ms are its rate."""
    rows = Rows((point(8, 8 * MIB, 758e-6, "default"), point(8, 4096 * MIB, 91.7e-3, "default")))
    assert trend(case(16, 8 * MIB), "nccl", "default", rows).seconds == pytest.approx(965e-6, rel=0.02)
    assert size_law(case(64, 4096 * MIB), rows, levels=True).seconds == pytest.approx(91.7e-3)


def test_a_size_in_a_hole_takes_its_level_from_the_sizes_around_it():
    """A level that carries more bytes takes no less time: 1 MiB fell from 4 to 8 nodes, and adds what its neighbours do."""
    times = {64 << 10: (110, 160), MIB: (370, 280), 4 * MIB: (500, 700)}
    rows = Rows(
        tuple(point(n, size, t * 1e-6, "tree") for size, two in times.items() for n, t in zip((4, 8), two, strict=True))
    )
    assert list(rows.levels) == [64 << 10, 4 * MIB]
    added = trend(case(16, MIB), "nccl", "tree", rows).seconds - 280e-6
    assert 50e-6 < added < 200e-6


def test_on_many_nodes_a_free_choice_leaves_a_ring_that_takes_longer_than_a_tree():
    sizes = [4096 * 4**n for n in range(10)]
    free = tuple(
        replace(
            min(ring(n, size), point(n, size, 1e-5 * log2(n) + size * 4.4e-11), key=lambda one: one.seconds),
            algorithm="default",
        )
        for n in (4, 8)
        for size in sizes
    )
    size = sizes[-1]
    rows, ringed = Rows(free), ring(256, size).seconds
    said = trend(case(256, size), "nccl", "default", rows)
    assert size / 1024 >= MIB
    assert said.seconds < ringed
    assert said.seconds * said.most >= ringed
    assert trend(case(16, size), "nccl", "default", rows).seconds == pytest.approx(ring(16, size).seconds)


def test_a_ring_that_bytes_bind_takes_no_less_on_more_nodes():
    """MareNostrum: 512 MiB took 12.6 ms on 8 nodes, though 4 nodes' steps of half its block say 11.7 on 16."""
    rows = Rows(
        tuple(point(n, size * MIB, t, "ring") for n, size, t in ((4, 128, 2.796e-3), (8, 128, 3.09e-3), (8, 512, 12.62e-3)))
    )
    assert trend(case(16, 512 * MIB), "nccl", "ring", rows).seconds == pytest.approx(12.62e-3 * (63 / 64) / (31 / 32))


SITE = [8 * 4**n for n in range(15)]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.8, 1.25), min_size=45, max_size=45),
    st.sampled_from(SITE),
    st.sampled_from(["default", "tree", "ring"]),
)
def test_noise_of_a_quarter_never_explodes_nor_vanishes_on_2048_nodes(noise, size, name):
    """Of a tree with levels of 10 us and a ring with steps of 3 us, 2 to 8 nodes, each time off by up to a quarter."""

    def true(n, size):
        tree = 1e-5 * log2(4 * n) + size * 4.4e-11
        return {"tree": tree, "ring": ring(n, size).seconds, "default": min(tree, ring(n, size).seconds)}[name]

    cells = [(n, one) for n in (2, 4, 8) for one in SITE]
    rows = Rows(tuple(point(n, one, true(n, one) * off, name) for (n, one), off in zip(cells, noise, strict=True)))
    said = trend(case(2048, size), "nccl", name, rows).seconds
    assert true(2048, size) / 3 < said < 3 * true(2048, size)


@given(st.dictionaries(st.integers(3, 1 << 20), st.floats(1e-6, 1.0), min_size=1, max_size=12))
def test_without_holes_no_size_is_beyond_a_larger_one(curve):
    smooth = without_holes(curve)
    assert smooth.keys() == curve.keys()
    sizes = sorted(smooth)
    for index, size in enumerate(sizes):
        assert smooth[size] <= curve[size]
        assert all(smooth[size] <= HOLE * smooth[larger] * (1 + 1e-9) for larger in sizes[index + 1 :])


def test_a_hole_is_told_kept_where_it_was_measured_and_no_part_of_the_trend():
    times = {(4, MIB): 900e-6, (4, 2 * MIB): 300e-6, (8, MIB): 340e-6, (8, 2 * MIB): 400e-6}
    rows = Rows(tuple(point(nodes, size, seconds, "default") for (nodes, size), seconds in times.items()))
    assert [(hole.nodes, hole.nbytes) for hole in rows.holes] == [(4, MIB)]
    assert size_law(case(4, MIB), rows).seconds == pytest.approx(900e-6)
    beyond = size_law(case(16, MIB), rows)
    assert beyond.seconds < 500e-6
    assert beyond.hole == pytest.approx(3.0)
    assert beyond.most >= 3


def test_a_hole_is_bridged_from_the_sizes_around_it():
    smooth = without_holes({1 << 16: 1e-4, 1 << 18: 9e-4, 1 << 20: 4e-4})
    assert smooth[1 << 18] == pytest.approx(2e-4)


def test_a_ring_of_few_nodes_that_becomes_a_tree_keeps_its_bytes_and_adds_a_trees_fill():
    times = {(4, 2 * MIB): 300e-6, (8, 2 * MIB): 400e-6, (4, 64 * MIB): 1400e-6, (8, 64 * MIB): 1500e-6}
    rows = Rows(tuple(point(nodes, size, seconds, "default") for (nodes, size), seconds in times.items()))
    fill = size_law(case(128, 2 * MIB), rows, levels=True).seconds
    assert fill == pytest.approx(800e-6, rel=0.05)
    assert trend(case(128, 64 * MIB), "nccl", "default", rows).seconds == pytest.approx(1500e-6 / 0.92 + fill)


def test_one_number_of_nodes_takes_its_slope_from_two_where_sizes_are_moderate():
    rows = Rows((point(2, 4 * MIB, 190e-6, "default"), point(4, 4 * MIB, 310e-6, "default")))
    assert size_law(case(8, 4 * MIB), rows).seconds == pytest.approx(430e-6)


def test_curves_go_on_in_proportion_above_and_affine_below():
    curve = {2.0**20: 3.0, 2.0**21: 5.0}
    assert at(2.0**22, curve) == (pytest.approx(10.0), pytest.approx(1.0))
    assert at(2.0**19, curve) == (pytest.approx(2.0), pytest.approx(1.0))
    assert at(4.0, {8.0: 1.0, 16.0: 2.0})[0] == 1.0
    assert at(2.0**20, curve) == (3.0, 0.0)


@pytest.mark.parametrize("name", ["ring", "ring_ompi", "segmented_ring", "default-ring", "gloo_ring"])
def test_rings_are_known_by_a_word_of_their_name(name):
    assert is_ring("all_reduce", name)
    assert not is_ring("broadcast", name)


def test_names_with_a_ring_inside_a_word_are_none():
    assert not is_ring("all_reduce", "nearing")
    assert not is_ring("all_reduce", "tree")


@pytest.mark.parametrize("name", ["ring-b_cont-utofu-0-6", "ring-vec_doubling_cont_permute-utofu-0-6"])
def test_a_name_that_says_on_what_it_is_laid_out_says_no_steps(name):
    """Of 8 and 64 nodes of a torus these took 1.8 x as long, all sizes up to 1 MiB, where a ring's steps are 9 x as many."""
    assert not is_ring("all_reduce", name)


def test_an_exchange_with_both_neighbours_takes_half_of_a_rings_steps():
    """Leonardo, Open MPI 4.1.6, 256 KiB (32 KiB a rank on 4, 8 KiB on 32): p/2 steps at equal block."""
    assert is_ring("all_gather", "neighbor_ompi")
    assert not is_ring("all_reduce", "neighbor_ompi")
    assert [steps("all_gather", p, "neighbor_ompi") for p in (2, 4, 32)] == [1, 2, 16]
    rows = Rows((replace(point(4, 4 * MIB, 2e-4, "neighbor"), collective="all_gather"),))
    said = trend(replace(case(32, 4 * MIB * 32 // 4), collective="all_gather"), "mpi", "neighbor", rows)
    assert said.seconds == pytest.approx(8 * 2e-4)


@pytest.mark.parametrize(
    ("collective", "name", "whole"),
    [
        ("all_reduce", "recursive_doubling_over", True),
        ("all_reduce", "bine_lat_over", True),
        ("all_reduce", "bine-l-utofu-0-1", True),
        ("all_gather", "recursive_doubling_ompi", False),
        ("broadcast", "default-binomial", True),
        ("reduce", "bine-binomial_tree-utofu-0-1", True),
        ("gather", "default-binomial", False),
        ("all_reduce", "rabenseifner_over", False),
        ("all_reduce", "flat", False),
    ],
)
def test_what_moves_all_bytes_on_every_level_grows_with_the_levels(collective, name, whole):
    """From one number of nodes: LUMI's recursive doubling of 512 MiB took 643 ms on 8 and 860 on 16, 4/3 of it."""
    assert is_whole(collective, name) is whole
    rows = Rows((replace(point(8, 64 * MIB, 0.06, name), collective=collective),))
    said = trend(replace(case(64, 64 * MIB), collective=collective), "mpi", name, rows)
    assert (said.seconds == pytest.approx(0.12)) is whole


def test_two_nodes_are_no_part_of_the_trend_of_large_sizes():
    rows = [point(2, 512 * MIB, 5e-3, "tree"), point(4, 512 * MIB, 9e-3, "tree"), point(8, 512 * MIB, 9.3e-3, "tree")]
    assert size_law(case(16, 512 * MIB), Rows(tuple(rows)), levels=True).seconds == pytest.approx(9.6e-3)


def results(nodes, nbytes, *seconds, source="import:nccl-tests", setting="a"):
    return [Result(case(nodes, nbytes), source, (one,), statistic="mean", context={"setting": setting}) for one in seconds]


LAWS = laws_by_setting(one for n in (4, 8) for b in (8, MIB, 256 * MIB) for one in results(n, b, 1e-5 + b * 2e-11))["nccl", "a"]


@settings(max_examples=40)
@given(st.sampled_from([8, MIB, 64 * MIB, 256 * MIB]), st.integers(0, 5), st.integers(1, 4))
def test_intervals_widen_with_the_distance(nbytes, doublings, more):
    near, far = (LAWS.expected(case(8 * 2**d, nbytes)) for d in (doublings, doublings + more))
    assert near.low <= near.seconds <= near.high
    assert far.high / far.low > near.high / near.low


@pytest.mark.parametrize(
    ("asked", "algorithm", "why"),
    [
        (case(1, MIB), "default", "say nothing of one"),
        (case(16, MIB), "tree", r"no rows of all_reduce by tree; these laws hold all_reduce by default"),
        (case(16, MIB, "broadcast"), "default", "no rows of broadcast by default"),
        (case(16, 0), "default", "without bytes"),
    ],
)
def test_laws_say_what_they_do_not_know(asked, algorithm, why):
    assert why in LAWS.expected(asked, algorithm)


def test_a_free_choice_without_rows_of_its_own_is_the_faster_of_the_forced_ones():
    forced = Laws(tuple(point(n, MIB, t, a) for n in (4, 8) for a, t in (("ring", 9e-4), ("tree", 3e-4))))
    assert forced.expected(case(16, MIB)).seconds == forced.expected(case(16, MIB), "tree").seconds


def test_the_tail_is_that_of_runs_of_one_setting():
    quiet = results(4, MIB, 1e-3, 1.01e-3) + results(4, MIB, 3e-3, 3.03e-3, setting="b")
    assert tail_of(quiet) < 1.01
    assert tail_of(results(4, MIB, *[1e-3] * 9, 2e-3) * 4) >= 1.0
    assert tail_of(results(4, MIB, 1e-3)) > 1.1


def test_laws_are_made_of_sound_rows_of_several_nodes_only():
    sound = results(4, MIB, 1e-3)
    wrong = [replace(one, wrong=3) for one in results(8, MIB, 1e-3)]
    assert laws_by_setting([*sound, *wrong, *results(1, MIB, 1e-5)])["nccl", "a"].nodes == (4,)
    assert points_of(results(4, MIB, 1.0, 2.0, 9.0))[0].seconds == 2.0


def test_settings_are_kept_apart_and_the_one_of_most_cases_comes_first():
    quick = results(4, MIB, 1e-3, setting="quick")
    slow = results(4, MIB, 9e-3, setting="slow") + results(8, MIB, 9e-3, setting="slow")
    found = laws_by_setting([*quick, *slow])
    assert list(found) == [("nccl", "slow"), ("nccl", "quick")]
    assert [own.rows["all_reduce", "default"].points[0].seconds for own in found.values()] == [9e-3, 1e-3]


def test_a_rank_of_mpi_keeps_its_rate_of_reducing_at_any_scale():
    """Host copies and one core decide: the time follows S (p-1)/p."""
    rows = Rows((point(8, 64 * MIB, 7.0, "recursive"),))
    asked = case(32, 64 * MIB)
    found = trend(asked, "mpi:openmpi", "recursive", rows)
    ranks = rows.points[0].ranks
    expected = 7.0 * (asked.world_size - 1) / asked.world_size * ranks / (ranks - 1)
    assert found.seconds == pytest.approx(expected)
    assert found.why.startswith("a rank's own rate of reducing, ")
    assert found.least <= 1 <= found.most


def test_a_rate_that_falls_with_the_nodes_is_not_the_ranks_own():
    rows = Rows((point(4, 64 * MIB, 7.0, "recursive"), point(8, 64 * MIB, 9.0, "recursive")))
    assert trend(case(16, 64 * MIB), "mpi:openmpi", "recursive", rows) == size_law(case(16, 64 * MIB), rows)
