import numpy as np
import pytest

from fabric.network.placement import given_order
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.change import NO_CHANGE
from fabric.predict.constants import NONE
from fabric.predict.constants import load as constants_of
from fabric.predict.libraries.nccl import PRESETS, TUNED, choose, nccl_seconds, tuning
from fabric.predict.model import Model
from fabric.predict.of_node import constants_on
from fabric.predict.tuned import hardware_on, library_on, multicast, tuned
from fabric.records.case import Case
from topologies.errors import InputError

RAILS = "rail_optimized:nodes=16,scale_up=nvswitch"
TREE = "fat_tree:k=16,devices_per_node=8,scale_up=nvswitch"
SIZES = [2**16, 2**20, 2**22, 2**24, 2**26, 2**30]
(H100,), (A100,) = constants_of("nccl:h100"), constants_of("nccl:a100")


def case(nodes, nbytes, collective="all_reduce", **more):
    return Case(collective, nbytes, 8 * nodes, nodes, 8, **more)


def picked(constants, case, fabric, given=None):
    text, at = tuned(constants, case, Model(fabric, NONE, "ideal", given))
    return text, at(NO_CHANGE)


def answers(cases, topo, constants=H100, fidelity="loaded", **more):
    return predict(cases, load(topo), constants, fidelity=fidelity, **more)


@pytest.mark.parametrize("constants", [H100, A100])
@pytest.mark.parametrize("topo", [RAILS, TREE])
@pytest.mark.parametrize("collective", TUNED)
def test_an_uncongested_fabric_takes_the_time_of_nccls_own_model(topo, collective, constants):
    hardware = PRESETS[constants.name.partition(":")[2]]
    cases = [case(nodes, nbytes, collective) for nodes in (1, 2, 4, 8, 16) for nbytes in (8, *SIZES)]
    for one, result in zip(cases, answers(cases, topo, constants), strict=True):
        text = result.model.runs
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
        assert 0.98 < ratio < 1.0001, result.model.runs


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
    assert result.model.runs.split(":")[0] in (name, "ring")
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
                assert "nvls" not in picked(H100, case(nodes, nbytes), fabric)[0]
    assert picked(H100, case(1, 2**30), load(RAILS))[0] == "nvls"
    assert picked(A100, case(1, 2**30), load(RAILS))[0] == "ring"


def test_one_rank_and_no_bytes_are_answered():
    assert answers([Case("all_reduce", 2**20, 1, 1, 1)], RAILS)[0].time == 0
    (empty,) = answers([case(4, 0)], RAILS)
    assert empty.time == pytest.approx(nccl_seconds(case(4, 0), PRESETS["h100"]), rel=1e-3)


def test_uneven_nodes_get_one_ring_on_one_nic_each():
    uneven = Case("all_reduce", 2**30, 12, 2, 8)
    text, _ = picked(A100, uneven, load(RAILS))
    assert text == "ring"
    (result,) = answers([uneven], RAILS, A100)
    assert result.time >= nccl_seconds(uneven, PRESETS["a100"])


def test_given_devices_are_used():
    fabric = load(RAILS)
    devices = np.arange(32)[::-1].copy()
    text, found = picked(H100, Case("all_reduce", 2**26, 32, 32, 1, order=given_order(devices)), fabric, devices)
    again, wanted = picked(H100, case(4, 2**26), fabric)
    assert (text, found.lines) == (again, wanted.lines)


@pytest.mark.parametrize("collective", ["all_to_all", "gather", "barrier", "sendrecv"])
def test_what_nccl_does_not_tune_is_messages_of_nccls_protocols(collective):
    nbytes = 0 if collective == "barrier" else 8
    (result,) = answers([Case(collective, nbytes, 16, 2, 8)], RAILS)
    assert result.algorithm == "default"
    assert result.time >= 2.7e-6, "at least one message over the network with LL"


@pytest.mark.parametrize("name", ["ring", "tree", "nvls_tree"])
def test_a_name_that_nccl_has_is_nccl_forced_to_it(name):
    cases = [case(nodes, nbytes) for nodes in (2, 4, 16) for nbytes in (2**16, 2**24, 2**30)]
    for one, result in zip(cases, answers(cases, RAILS, algorithm=name), strict=True):
        own = min(choice.seconds for choice in tuning(one, PRESETS["h100"]) if choice.algorithm == name)
        assert result.algorithm == name
        assert result.time == pytest.approx(own, rel=1e-2)


def test_nothing_forced_is_faster_than_what_nccl_picks_by_its_own_model():
    cases = [case(4, nbytes) for nbytes in SIZES]
    free = answers(cases, RAILS)
    for name in ("ring", "tree", "nvls_tree"):
        for one, forced in zip(free, answers(cases, RAILS, algorithm=name), strict=True):
            assert forced.time >= one.time * 0.99


def test_an_algorithm_that_nccl_has_not_runs_on_its_messages():
    """One ring step per rail, by LL128: latency 4 us, bandwidth 0.92 of the NIC."""
    shift, nic = 2**20, 0.92 * 48e9
    (result,) = answers([Case("sendrecv", shift, 2, 2, 1)], "leaf_spine:leaves=1,spines=1,hosts_per_leaf=2")
    assert result.time == pytest.approx(4e-6 + shift / nic, rel=1e-3)
    (small, large) = answers([case(4, 8), case(4, 2**30)], RAILS, algorithm="rail_aligned")
    assert small.time == pytest.approx(2 * (7 * 0.6e-6 + 3 * 2.7e-6), rel=0.01), "LL everywhere"
    assert large.busbw < 8 * 48e9


def test_eight_h100_reach_what_is_published_and_not_what_their_links_could():
    """About 480 GB/s of busbw with NVLS on eight H100 (NVIDIA/nccl-tests issue 212)."""
    (named, bare) = (answers([case(1, 2**34)], RAILS, constants_of(text)[0])[0] for text in ("nccl:h100", "nccl"))
    assert named.time == bare.time
    assert bare.busbw == pytest.approx(480e9, rel=0.03)


def test_bare_nccl_takes_its_hardware_from_the_fabric_or_asks_for_it():
    assert library_on("nccl", load(RAILS)) == "nccl:h100"
    assert library_on("nccl:b200", load(RAILS)) == "nccl:b200"
    assert library_on("nccl", load(f"{RAILS},scale_up_link=nvlink5")) == "nccl:b200"
    assert (
        library_on("nccl", load("leaf_spine:leaves=2,spines=1,hosts_per_leaf=72,devices_per_node=72,scale_up=nvl72"))
        == "nccl:gb200"
    )
    assert hardware_on("nccl", load(RAILS)).name == "h100"
    for topo in (
        "fat_tree:k=4",
        f"{RAILS},scale_up_speed=200GB/s",
        "rail_optimized:nodes=4,scale_up=ring,scale_up_link=pcie5-x16",
    ):
        with pytest.raises(InputError, match=r"constants: nccl on .* must name its hardware, such as nccl:h100 \(a100, h100, "):
            answers([Case("all_reduce", 8, 4, 4, 1)], topo, constants_of("nccl")[0])


def test_unknown_hardware_is_refused():
    with pytest.raises(InputError, match=r"backend: nccl's hardware must be one of a100, .*, got 'v100'"):
        answers([case(1, 8)], RAILS, constants_of("nccl:v100")[0])


def test_rings_inside_a_mesh_use_all_its_links():
    """Four GH200 of Alps, NCCL 2.23.4, (boeschf/nccl-benchmark-on-alps-2025): 4.757 ms (10.7 by one ring)."""
    fabric = load("alps-gh200:nodes=2")
    asked = Case("all_reduce", 2**30, 4, 1, 4)
    (free,), (forced,) = (predict([asked], fabric, constants_on(fabric), algorithm=name) for name in (None, "ring"))
    assert free.time == forced.time == pytest.approx(4.757e-3, rel=0.08)
    assert free.prediction.runs == "full_mesh"


@pytest.mark.parametrize("ranks", [2, 3])
def test_part_of_a_mesh_has_the_links_between_its_own_ranks(ranks):
    """Two of four share one link of three; no rate is above what the links between the ranks carry."""
    fabric = load("alps-gh200:nodes=2")
    (found,) = predict([Case("all_reduce", 2**30, ranks, 1, ranks)], fabric, constants_on(fabric))
    assert found.busbw <= (ranks - 1) * 150e9 * (1 + 1e-9)
