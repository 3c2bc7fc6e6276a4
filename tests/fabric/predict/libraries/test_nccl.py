import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.collectives.algorithms import algorithm
from fabric.collectives.schedule import flat
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.constants import constants_of
from fabric.predict.libraries.nccl import LL128, TUNED, choose, hardware_of, nccl_seconds, text_of, tuning
from fabric.predict.libraries.nccl_hardware import PRESETS, Channels, Hardware, graph, nvls_graph
from fabric.predict.libraries.nccl_lines import Passing, nccl_constants
from fabric.records.case import Case
from topologies.errors import InputError

H100, A100, B200 = PRESETS["h100"], PRESETS["a100"], PRESETS["b200"]
CASES = st.builds(
    lambda collective, nodes, per_node, nbytes: Case(collective, nbytes, nodes * per_node, nodes, per_node),
    st.sampled_from(TUNED),
    st.integers(1, 64),
    st.integers(2, 8),
    st.integers(0, 2**34),
)


def one(case, hardware, name, protocol):
    return next(c for c in tuning(case, hardware) if (c.algorithm, c.protocol) == (name, protocol))


def test_channels_of_an_h100_node_are_those_of_a_published_graph_dump():
    assert graph(H100, 1, 8) == Channels(12, 30.0, 30.0)
    assert nvls_graph(H100, 1, 8) == Channels(8, 40.0, 60.0)
    assert graph(A100, 1, 8) == Channels(12, 20.0, 20.0)


@pytest.mark.parametrize(
    ("case", "hardware", "name", "protocol", "microseconds"),
    [
        # base 6.6 + 14 steps x 0.6; 1024 B at min(141, 360 / 2) x 8 / 14 GB/s
        (Case("all_reduce", 1024, 8, 1, 8), H100, "ring", "LL", 6.6 + 14 * 0.6 + 1024 / (1000 * 141 * 8 / 14)),
        # base 8.4 + 14 x 3.4; 2^30 B at 12 x 30 x 8 / 14
        (Case("all_reduce", 2**30, 8, 1, 8), H100, "ring", "Simple", 8.4 + 14 * 3.4 + 2**30 / (1000 * 360 * 8 / 14)),
        # 0.92 x 240 against 12 x 20: the first is the smaller
        (Case("all_reduce", 2**30, 8, 1, 8), A100, "ring", "LL128", 14 + 14 * 1.9 + 2**30 / (1000 * 0.92 * 240 * 8 / 14)),
        # NVLS: 8 channels of min(40 x 0.85 x 7/8 x 2, 60), latency 25 alone
        (Case("all_reduce", 2**30, 8, 1, 8), H100, "nvls", "Simple", 25 + 2**30 / (1000 * 8 * 59.5 * 8 / 14)),
        # four nodes, tree: 6.8 + 2 (7 x 0.6 + 2 x 5.0); 64 B is column 0, factor 1; LL limit 20.4 of an Intel host
        (Case("all_reduce", 64, 32, 4, 8), H100, "tree", "LL", 6.8 + 2 * (7 * 0.6 + 10) + 64 / (1000 * 20.4 * 0.5)),
        # four nodes, ring, Simple: 56 steps inside at max(3.4, 3 x 1) + 6 between at 14, x 1.4; 8 x 45 x 32 / 62
        (
            Case("all_reduce", 2**30, 32, 4, 8),
            H100,
            "ring",
            "Simple",
            1.4 * (8.4 + 56 * 3.4 + 6 * 14) + 2**30 / (1000 * 360 * 32 / 62),
        ),
        # two nodes, NVLSTree: 25 + 2 x 1 x 20.9; 8 channels of min(59.5, 2 x 48, 57.7)
        (Case("all_reduce", 2**30, 16, 2, 8), H100, "nvls_tree", "Simple", 66.8 + 2**30 / (1000 * 8 * 57.7 * 16 / 30)),
        # PAT, one GPU per node: 8 + 3 x 14 / 3.5 + 8 x 2.8; 0.75 of 2 x 24
        (Case("all_gather", 2**20, 8, 8, 1), H100, "pat", "Simple", 8 + 12 + 22.4 + 2**20 / (1000 * 36)),
        # broadcast over one node: the channels are alike, so one hop's latency; bandwidth as it is
        (Case("broadcast", 2**20, 8, 1, 8), H100, "ring", "Simple", 8.4 + 3.4 + 2**20 / (1000 * 360)),
    ],
)
def test_times_worked_out_by_hand(case, hardware, name, protocol, microseconds):
    assert one(case, hardware, name, protocol).seconds == pytest.approx(microseconds * 1e-6, rel=1e-9)


def test_trees_are_slowed_by_size_as_the_table_says():
    case = Case("all_reduce", 64 << 12, 32, 4, 8)
    smaller = replace(case, nbytes=64)
    ratio = one(case, H100, "tree", "Simple").bandwidth / one(smaller, H100, "tree", "Simple").bandwidth
    assert ratio == pytest.approx(0.5 / 0.9)
    beyond = one(replace(case, nbytes=64 << 23), H100, "tree", "Simple").bandwidth
    assert beyond * 0.9 == pytest.approx(one(smaller, H100, "tree", "Simple").bandwidth)


@given(CASES, st.sampled_from(sorted(PRESETS)))
def test_the_choice_is_the_fastest_and_every_figure_is_finite(case, name):
    choices = tuning(case, PRESETS[name])
    best = choose(case, PRESETS[name])
    assert best.seconds == min(c.seconds for c in choices) == nccl_seconds(case, PRESETS[name])
    for c in choices:
        assert 0 < c.latency < 1
        assert 0 < c.bandwidth < 2e12
        assert math.isfinite(c.seconds)
        assert algorithm(case.collective, c.text).text == c.text
    if case.collective == "all_reduce":
        rails = PRESETS[name].nvlink if case.nodes == 1 else PRESETS[name].nic * case.ranks_per_node
        ring = max(c.busbw for c in choices if c.algorithm == "ring")
        assert ring <= rails * 1e9 * (1 + 1e-9)


@given(CASES)
def test_without_multicast_nothing_is_left_to_the_switch(case):
    assert {c.algorithm for c in tuning(case, H100.without_multicast())} <= {"ring", "tree", "pat"}


def test_nvls_needs_multicast_and_two_gpus_of_a_node():
    assert "nvls" in {c.algorithm for c in tuning(Case("all_reduce", 8, 8, 1, 8), H100)}
    assert "nvls_tree" not in {c.algorithm for c in tuning(Case("all_reduce", 8, 8, 8, 1), H100)}
    assert "pat" not in {c.algorithm for c in tuning(Case("all_gather", 8, 16, 2, 8), H100)}


def passing(schedule, nbytes, level="scale-up", routes=(0.0, 0.0)):
    """What a rank of a schedule sends over one link of a level, every rank alike."""
    steps = np.array([step.repeats * float(step.share) * nbytes for step in schedule.steps])
    return Passing({level: steps}, {level: float(steps.sum())}, {level: 0.0}, {level: np.inf}, routes)


def total(schedule, constants, nbytes, level="scale-up"):
    """The loaded model's sum written out: every step's alpha, and its bytes at that level's beta."""
    line = constants.line(level, 0)
    return sum(step.repeats * (line.alpha + float(step.share) * nbytes * line.beta) for step in schedule.steps)


@pytest.mark.parametrize("nbytes", [8, 2**16, 2**22, 2**33])
@pytest.mark.parametrize("collective", TUNED)
def test_lines_give_back_the_models_own_time(collective, nbytes):
    choice = choose(Case(collective, nbytes, 8, 1, 8), A100)
    schedule = algorithm(collective, choice.text).schedule(flat(8), nbytes)
    found = nccl_constants(choice, "a100", schedule, passing(schedule, nbytes))
    assert total(schedule, found, nbytes) == pytest.approx(choice.seconds, rel=1e-9)
    assert found.name == "nccl:a100"
    assert choice.protocol in found.source


def test_the_way_s_own_latency_is_taken_off_alpha_level_by_level():
    choice = choose(Case("all_reduce", 2**20, 8, 1, 8), A100)
    schedule = algorithm("all_reduce", choice.text).schedule(flat(8), 2**20)
    plain, less = (nccl_constants(choice, "a100", schedule, passing(schedule, 2**20, routes=x)) for x in ((0, 0), (6e-7, 2e-6)))
    for level, taken in (("scale-up", 6e-7), ("host-leaf", 2e-6), ("leaf-spine", 2e-6)):
        assert plain.line(level, 1).alpha - less.line(level, 1).alpha == pytest.approx(taken)
    assert plain.line("leaf-spine", 1).beta is None


def test_no_level_is_faster_than_the_fabric_s_own_links():
    choice = choose(Case("all_reduce", 2**30, 8, 1, 8), A100)
    schedule = algorithm("all_reduce", choice.text).schedule(flat(8), 2**30)
    slow = replace(passing(schedule, 2**30), own={"scale-up": 1e-9})
    assert nccl_constants(choice, "a100", schedule, slow).line("scale-up", 1).beta == 1e-9


@pytest.mark.parametrize(
    ("case", "name", "generic", "steady"),
    [
        (Case("all_reduce", 2**10, 32, 4, 8), "tree", "tree:chunks=1", "tree:chunks=176"),
        (Case("all_reduce", 2**22, 32, 4, 8), "tree", "tree:chunks=8", "tree:chunks=176"),
        (Case("all_reduce", 2**30, 32, 4, 8), "tree", "tree:chunks=16", "tree:chunks=176"),
        (Case("all_reduce", 2**10, 30, 4, 8), "tree", "double_binary_tree:chunks=1", "double_binary_tree:chunks=80"),
        (Case("all_gather", 2**30, 32, 4, 8), "ring", "ring:channels=8", "ring:channels=8"),
        (Case("reduce_scatter", 2**30, 30, 4, 8), "ring", "ring", "ring"),
        (Case("broadcast", 2**30, 8, 1, 8), "ring", "chain:chunks=16", "chain:chunks=192"),
        (Case("reduce", 2**15, 16, 2, 8), "ring", "chain:chunks=1,channels=8", "chain:chunks=448,channels=8"),
        (Case("all_reduce", 2**30, 16, 2, 8), "nvls_tree", "nvls_tree", "nvls_tree:chunks=64"),
    ],
)
def test_one_ring_chain_or_pair_of_trees_per_rail_in_chunks_of_32_kib_or_more(case, name, generic, steady):
    assert text_of(case, name) == generic
    assert text_of(case, name, steady=True) == steady
    assert algorithm(case.collective, steady).text == steady


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tuning(Case("all_to_all", 8, 8, 1, 8), H100), "tuning: NCCL tunes all_reduce, .*, got all_to_all"),
        (lambda: tuning(Case("all_reduce", 8, 1, 1, 1), H100), "tuning: world_size must be >= 2, got 1"),
        (lambda: Hardware("x", "rubin", 1, 1, 8, False, "s"), "architecture: must be one of volta, .*, got 'rubin'"),
        (
            lambda: hardware_of("nccl:h100:ll128=of"),
            "after nccl's hardware come ll128 or nvls =on or =off, got 'll128=of'",
        ),
        (lambda: hardware_of("nccl:h100:sharp=off"), "backend: after nccl's hardware come .* got 'sharp=off'"),
        (lambda: Hardware("x", "hopper", 0, 1, 8, False, "s"), "nvlink: must be > 0 GB/s, got 0"),
        (lambda: Hardware("x", "hopper", 1, 1, 8, False, "s", cpu="arm"), "cpu: must be one of intel, amd, got 'arm'"),
    ],
)
def test_bad_input_gets_one_line(call, message):
    with pytest.raises(InputError, match=message):
        call()


@given(CASES)
def test_what_is_switched_off_is_not_chosen_and_saves_no_time(case):
    plain, without = hardware_of("nccl:h100"), hardware_of("nccl:h100:ll128=off")
    assert not [one for one in tuning(case, without) if one.protocol == LL128]
    assert nccl_seconds(case, without) >= nccl_seconds(case, plain)
    deaf = hardware_of("nccl:h100:nvls=off:ll128=on")
    assert tuning(case, deaf) == tuning(case, plain.without_multicast())


@pytest.mark.parametrize(("keys", "slower"), [("ll128=off", 2**20), ("nvls=off", 2**30)])
def test_predictions_take_the_switches(keys, slower):
    """On one node of H100 NVLS carries large buffers; over four, LL128 the middling ones, forced algorithms of ours as well."""
    nodes = 1 if keys.startswith("nvls") else 4
    fabric = load("rail_optimized:nodes=4,rails=8,radix=64,scale_up=nvswitch")
    case = Case("all_reduce", slower, 8 * nodes, nodes, 8)
    for forced in (None, "ring"):
        times = [
            predict([case], fabric, constants_of(f"nccl:h100{more}"), algorithm=forced)[0].time for more in ("", f":{keys}")
        ]
        assert times[1] >= times[0]
        assert forced or times[1] > times[0]
