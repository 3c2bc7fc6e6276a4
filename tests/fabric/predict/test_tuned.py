import numpy as np
import pytest

from fabric.network.placement import given_order
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.constants import load as constants_of
from fabric.predict.libraries.nccl import PRESETS, TUNED, choose, nccl_seconds
from fabric.predict.tuned import multicast, tuned
from fabric.records.case import Case
from topologies.errors import InputError

RAILS = "rail_optimized:nodes=16,scale_up=nvswitch"
TREE = "fat_tree:k=16,devices_per_node=8,scale_up=nvswitch"
SIZES = [2**16, 2**20, 2**22, 2**24, 2**26, 2**30]
(H100,), (A100,) = constants_of("nccl:h100"), constants_of("nccl:a100")


def case(nodes, nbytes, collective="all_reduce", **more):
    return Case(collective, nbytes, 8 * nodes, nodes, 8, **more)


def answers(cases, topo, constants=H100, fidelity="loaded", **more):
    return predict(cases, load(topo), constants, fidelity=fidelity, **more)


@pytest.mark.parametrize("constants", [H100, A100])
@pytest.mark.parametrize("topo", [RAILS, TREE])
@pytest.mark.parametrize("collective", TUNED)
def test_an_uncongested_fabric_takes_the_time_of_nccls_own_model(topo, collective, constants):
    hardware = PRESETS[constants.name.partition(":")[2]]
    cases = [case(nodes, nbytes, collective) for nodes in (1, 2, 4, 8, 16) for nbytes in (8, *SIZES)]
    for one, result in zip(cases, answers(cases, topo, constants), strict=True):
        text = result.context["resolved_algorithm"]
        close = 1e-2 if text.startswith("nvls_tree") else 1e-3  # its steps have routes of unequal latency, alpha is one
        assert result.time == pytest.approx(nccl_seconds(one, hardware), rel=close), text


def test_those_cases_hold_every_algorithm_that_nccl_picks():
    picked = {choose(case(n, s, c), PRESETS[h]).algorithm for n in (1, 2, 4, 8, 16) for s in (8, *SIZES) for c in TUNED
              for h in ("h100", "a100")}  # fmt: skip
    assert picked == {"ring", "tree", "nvls", "nvls_tree"}
    lone = Case("all_gather", 2**16, 8, 8, 1)
    (result,) = answers([lone], "leaf_spine:leaves=2,spines=4,hosts_per_leaf=4")
    assert choose(lone, PRESETS["h100"]).algorithm == "pat"
    assert result.time == pytest.approx(nccl_seconds(lone, PRESETS["h100"]), rel=1e-3)


@pytest.mark.parametrize("topo", [RAILS, TREE])
def test_the_flows_fidelity_is_within_2_per_cent_below(topo):
    cases = [case(nodes, nbytes) for nodes in (2, 4, 8, 16) for nbytes in (2**16, 2**24)]
    for one, result in zip(cases, answers(cases, topo, A100, "flows"), strict=True):
        ratio = result.time / nccl_seconds(one, PRESETS["a100"])
        assert 0.98 < ratio < 1.0001, result.context["resolved_algorithm"]


@pytest.mark.parametrize("collective", ["all_reduce", "all_gather", "broadcast"])
def test_an_oversubscribed_fabric_is_slower_in_proportion_where_ranks_are_interleaved(collective):
    free, tight = (f"leaf_spine:leaves=4,spines={n},hosts_per_leaf=4" for n in (4, 1))
    cases = [Case(collective, 2**30, 16, 16, 1, order=order) for order in ("contiguous", "interleaved")]
    limit = nccl_seconds(cases[0], PRESETS["h100"])
    along, mixed = (result.time for result in answers(cases, free))
    assert along == pytest.approx(limit, rel=1e-3)
    assert mixed == pytest.approx(limit, rel=1e-3)
    along, mixed = (result.time for result in answers(cases, tight))
    assert along == pytest.approx(limit, rel=1e-3), "one ring crosses every leaf once"
    assert mixed > 3 * limit


@pytest.mark.parametrize(("nbytes", "name"), [(2**22, "tree"), (2**26, "tree"), (2**30, "ring")])
def test_a_fabric_slower_than_nccls_hardware_stays_slower(nbytes, name):
    one = case(4, nbytes)
    (result,) = answers([one], f"{RAILS},speed=50Gb/s", A100)
    assert choose(case(4, 2**22), PRESETS["a100"]).algorithm == "tree"
    assert result.context["resolved_algorithm"].split(":")[0] in (name, "ring")
    assert result.time > 1.5 * nccl_seconds(one, PRESETS["a100"])
    assert result.busbw < 8 * 50e9 / 8


def test_nodes_are_those_of_the_fabric_whatever_the_case_says():
    said, unsaid = case(4, 2**26), Case("all_reduce", 2**26, 32, 32, 1)
    one, other = answers([said, unsaid], RAILS)
    assert one.time == other.time


def test_a_fabric_without_adding_switches_never_gets_nvls():
    for scale_up in ("full_mesh", "none"):
        fabric = load(f"rail_optimized:nodes=4,scale_up={scale_up}")
        assert not multicast(fabric)
        for nodes in (1, 4):
            for nbytes in SIZES:
                assert "nvls" not in tuned(H100, case(nodes, nbytes), fabric)[0]
    assert tuned(H100, case(1, 2**30), load(RAILS))[0] == "nvls"
    assert tuned(A100, case(1, 2**30), load(RAILS))[0] == "ring"


def test_one_rank_and_no_bytes_are_answered():
    assert answers([Case("all_reduce", 2**20, 1, 1, 1)], RAILS)[0].time == 0
    (empty,) = answers([case(4, 0)], RAILS)
    assert empty.time == pytest.approx(nccl_seconds(case(4, 0), PRESETS["h100"]), rel=1e-3)


def test_uneven_nodes_get_one_ring_on_one_nic_each():
    uneven = Case("all_reduce", 2**30, 12, 2, 8)
    text, _ = tuned(A100, uneven, load(RAILS))
    assert text == "ring"
    (result,) = answers([uneven], RAILS, A100)
    assert result.time >= nccl_seconds(uneven, PRESETS["a100"])


def test_given_devices_are_used():
    fabric = load(RAILS)
    devices = np.arange(32)[::-1].copy()
    text, found = tuned(H100, Case("all_reduce", 2**26, 32, 32, 1, order=given_order(devices)), fabric, devices)
    assert (text, found.lines) == (*tuned(H100, case(4, 2**26), fabric)[:1], tuned(H100, case(4, 2**26), fabric)[1].lines)


@pytest.mark.parametrize("collective", ["all_to_all", "gather", "barrier", "sendrecv"])
def test_what_nccl_does_not_tune_is_refused(collective):
    nbytes = 0 if collective == "barrier" else 8
    with pytest.raises(InputError, match=f"constants: nccl:h100 is NCCL's model of all_reduce, .*, got {collective}; use "):
        answers([Case(collective, nbytes, 8, 8, 1)], RAILS)


def test_unknown_hardware_and_forced_algorithms_are_refused():
    with pytest.raises(InputError, match=r"backend: nccl's hardware must be one of a100, .*, got 'v100'"):
        answers([case(1, 8)], RAILS, constants_of("nccl:v100")[0])
    with pytest.raises(InputError, match="algorithm: nccl:h100 predicts what NCCL itself picks, got 'ring'; leave it out"):
        answers([case(1, 8)], RAILS, algorithm="ring")
