"""Equivalent clusters: laws that hold whatever the hardware is, and public comparisons as loose checks."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.public_comparisons import STATEMENTS, lines, ratio, verdict
from fabric.answers.equivalent import Equal, equivalent
from fabric.network.spec import load
from fabric.review.bill import bill
from fabric.review.equivalent import FLAT, Found, _searched, _stops, equivalents
from fabric.review.footprint import footprint
from fabric.review.parts import PARTS
from fabric.review.racks import Floor, place
from fabric.review.steps import asked_work, of_reference, ratio_spread, step_on
from fabric.review.work import Item, work_of
from topologies.errors import InputError

WORKS = ["all_reduce:64MiB", "all_to_all:16MiB:3,flops:1e12", "reduce_scatter:64MiB,memory:1GiB", "flops:1e13"]
NODE = """
nodes:
  box:
    device: {device}
    graph: {graph}
    network: ethernet
    library: nccl
    facts: {{devices: 8 devices, nics: 8 NICs, nic_speed: {nic} Gb/s, scale_up_speed: {inside} GB/s}}
"""


def one(of, name, work, **how):
    (found,) = equivalents(load(of), [name], asked_work(work), **how)
    return found


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize(("name", "nodes"), [("dgx-h100", 5), ("atlas-800t-a2", 3), ("mi300x-oam", 4)])
def test_the_same_hardware_gives_exactly_as_many(name, nodes, work):
    found = one(f"{name}:nodes={nodes}", name, work)
    assert (found.fewest, found.nodes, found.most) == (nodes, nodes, nodes)
    assert found.reaches == pytest.approx(1)


@settings(max_examples=3, deadline=None)
@given(st.integers(50, 400), st.integers(50, 400), st.integers(60, 900), st.integers(60, 900), st.sampled_from(WORKS))
def test_less_bandwidth_never_needs_fewer(tmp_path_factory, nic, more_nic, inside, more_inside, work):
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        counts = []
        for number, (nics, up) in enumerate([(nic, inside), (max(nic, more_nic), max(inside, more_inside))]):
            file = folder / f"{number}.yaml"
            file.write_text(NODE.format(device="h100-sxm", graph="nvswitch", nic=nics, inside=up))
            patch.setenv("FABRICBENCH_HARDWARE", str(file))
            counts.append(one("dgx-h100:nodes=3", "box", work, most_devices=128).nodes or 1_000_000)
    assert counts[0] >= counts[1]


@given(
    st.integers(1, 500),
    st.lists(st.floats(0.01, 10), min_size=1, max_size=4),
    st.floats(0.1, 1.0),
    st.floats(0.5, 800),
    st.integers(1, 600),
)
def test_a_slower_rate_never_needs_fewer_whatever_its_curve(start, waves, slower, needed, largest):
    def rate(nodes):
        return nodes / (1 + sum(wave * (nodes % (3 + place)) for place, wave in enumerate(waves)))

    empty = Found("any", load("dgx-h100:nodes=2").node, needed)
    if start > largest:
        with pytest.raises(InputError, match="above the most"):
            _searched(empty, rate, start, largest)
        return
    fast, slow = (_searched(empty, lambda n, by=by: by * rate(n), start, largest).nodes for by in (1.0, slower))
    assert slow is None or (fast is not None and fast <= slow)
    assert fast is None or rate(fast) >= needed * (1 - 1e-9)


def test_a_network_that_stops_scaling_is_named_with_its_size():
    tried = {nodes: nodes / (1 + nodes / 64) for nodes in (8, 16, 32, 64, 128, 256, 512)}
    stops = _stops(tried)
    assert tried[2 * stops] / tried[stops] < FLAT <= tried[stops] / tried[stops // 2]
    assert _stops({nodes: float(nodes) for nodes in (8, 16, 32)}) is None


def test_no_number_suffices_where_rounds_grow_with_the_nodes():
    found = one("dgx-h100:nodes=4", "8x4090-dual-root", "all_reduce:1KiB", algorithm="ring", most_devices=512)
    assert found.nodes is None
    assert found.reaches < 1
    assert found.stops_at is not None
    assert found.largest == 64


def test_conflicting_facts_give_an_interval_around_the_answer(tmp_path, monkeypatch):
    two = "[{value: 200, unit: Gb/s, source: a}, {value: 100, unit: Gb/s, source: b}, {value: 400, unit: Gb/s, source: c}]"
    file = tmp_path / "own.yaml"
    file.write_text(
        NODE.format(device="h100-sxm", graph="nvswitch", nic=200, inside=450)
        .replace("200 Gb/s", two)
        .replace("ethernet", "infiniband")
    )
    monkeypatch.setenv("FABRICBENCH_HARDWARE", str(file))
    found = one("dgx-h100:nodes=4", "box", "all_reduce:64MiB")
    assert found.fewest == 4
    assert found.fewest < found.nodes < found.most


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("all_reduce", "COLLECTIVE:SIZE"),
        ("all_redoce:1MiB", r"did you mean all_reduce\?"),
        ("flops:many", "number above 0"),
        ("all_reduce:1MiB:0", "COUNT"),
        ("memory:1 parsec", "work"),
    ],
)
def test_work_that_is_none_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        work_of(text)


def test_work_reads_every_part():
    assert work_of("all_reduce:1GiB, all_to_all:64MiB:48,flops:5e14,memory:80GB") == (
        Item("all_reduce", 2**30),
        Item("all_to_all", 64 * 2**20, 48),
        Item("flops", 5e14),
        Item("memory", 80e9),
    )


def test_a_reference_without_a_node_is_refused():
    with pytest.raises(InputError, match="of: must be a fabric of a node"):
        one("fat_tree:k=4", "dgx-h100", "all_reduce:1MiB")


def test_what_nodes_take_adds_up():
    takes = footprint(load("dgx-h100:nodes=32"))
    assert (takes.devices, takes.servers, takes.network.switches) == (256, 32, 12)
    assert takes.racks == 32 / 4 + takes.network.racks
    assert takes.watts == (256 * 700, 256 * 700)
    assert takes.rent[0] == 256 * 1.25
    assert takes.server_price == (32 * 310_000, 32 * 317_000)
    assert takes.rack_units == 32 * 8 + 12
    bought = bill(load("dgx-h100:nodes=32"), place(load("dgx-h100:nodes=32").topology, Floor()), PARTS)
    assert takes.network.price == (bought.network_price.low, bought.network_price.high)
    assert takes.all_watts == (32 * 10_200 + bought.network_watts.low, 32 * 10_200 + bought.network_watts.high)


def test_a_rack_scale_node_is_a_rack_whether_it_is_built_whole_or_by_its_trays():
    whole, trays = (footprint(load(f"gb200-nvl72:nodes=3{more}")) for more in ("", ",devices_per_node=4"))
    assert (whole.devices, whole.servers, whole.racks - whole.network.racks) == (216, 54, 3)
    assert whole == trays


def test_trays_of_racks_as_the_reference_count_as_racks():
    found = one("gb200-nvl72:nodes=2,devices_per_node=4", "gb200-nvl72", "flops:1e14")
    assert found.nodes == 2


def test_a_network_that_no_listed_part_carries_has_no_figure_and_says_so():
    takes = footprint(load("dgx-h100:nodes=4,speed=1.6Tb/s"))
    assert takes.network.watts is None
    assert takes.all_watts is None
    assert "needs a switch" in takes.network.missing


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(["dgx-h100", "atlas-800t-a2", "mi300x-oam", "aws-p5"]), st.integers(1, 6), st.sampled_from(WORKS))
def test_the_same_hardware_takes_exactly_the_same(name, nodes, work):
    reference, same = equivalent(load(f"{name}:nodes={nodes}"), [name], work_of(work)).items
    assert same.found.nodes == nodes
    assert same.takes == reference.takes
    assert {same.range("watts"), reference.range("watts")} == {same.takes.watts}


def test_contradicting_facts_widen_what_a_candidate_takes(tmp_path, monkeypatch):
    two = "[{value: 200, unit: Gb/s, source: a}, {value: 100, unit: Gb/s, source: b}, {value: 400, unit: Gb/s, source: c}]"
    text = NODE.format(device="h100-sxm", graph="nvswitch", nic=200, inside=450)
    (tmp_path / "own.yaml").write_text(text.replace("200 Gb/s", two))
    monkeypatch.setenv("FABRICBENCH_HARDWARE", str(tmp_path / "own.yaml"))
    _, box = equivalent(load("dgx-h100:nodes=4"), ["box"], work_of("all_reduce:64MiB,flops:1e11")).items
    low, high = box.range("watts")
    assert (low, high) == (box.found.fewest * 8 * 700, box.found.most * 8 * 700)
    assert low < box.takes.watts[0] < high


def test_no_upper_end_where_by_some_facts_no_number_suffices():
    takes = footprint(load("dgx-h100:nodes=2"))
    found = Found("any", load("dgx-h100:nodes=2").node, 1.0, 2, 2, None)
    assert Equal(found, takes, (takes, None)).range("watts") == (takes.watts[0], None)


AGREES = {
    "3.2 x 910B3 = 1 H100, by peaks",
    "910B = 0.8 to 1.2 A100 in training",
    "6.7 H20 = 1 H800 in training",
    "1.2 H800 = 1 H20 in memory-bound decode",
    "2.0 x 4090D = 1 C500, 7B served",
    "0.93 x 4090D = 1 K100 AI, 7B served",
    "384 x 910C = 1.7 NVL72, by peaks",
}
UNKNOWN = {"S5000 = 61 % of an H100 in prefill", "P800 = 2.2 x 4090D, 7B served"}


@pytest.mark.parametrize("said", STATEMENTS, ids=lambda said: said.statement)
def test_public_comparisons(said):
    stands = "agrees" if said.statement in AGREES else "not known" if said.statement in UNKNOWN else "does not agree"
    assert verdict(said, ratio(said)) == stands


def test_the_page_shows_what_the_command_prints():
    page = (Path(__file__).parents[3] / "docs" / "equivalent.md").read_text()
    assert "\n".join(lines()) in page


STEPS = ["training:mpt-1b", "training:mpt-1b:fsdp=all:64", "training:llama3-8b:tp=2,pp=2,mb=1"]


@pytest.mark.parametrize("work", STEPS)
def test_the_same_hardware_trains_with_exactly_as_many(work):
    found = one("dgx-h100:nodes=3", "dgx-h100", work)
    assert (found.fewest, found.nodes, found.most) == (3, 3, 3)
    assert found.rate == found.needed == found.reference.tokens_per_second


def test_half_the_speed_trains_with_more_within_the_intervals_of_the_steps():
    found = one("dgx-h100:nodes=2", "dgx-a100", STEPS[2], most_devices=128)
    assert 2 < found.fewest <= found.nodes <= found.most
    assert found.step.tokens_per_second >= found.needed > one("dgx-h100:nodes=2", "dgx-h100", STEPS[2]).needed * 0.999
    assert ratio_spread(found.step) == pytest.approx(1.15**2**0.5)


def test_every_device_keeps_its_sequences_and_dp_follows_the_devices():
    small, large = load("dgx-h100:nodes=2"), load("dgx-h100:nodes=6")
    for text in STEPS:
        work = of_reference(asked_work(text), small)
        before, after = step_on(work, small), step_on(work, large)
        assert before.batch / before.ranks == after.batch / after.ranks
        assert text == STEPS[0] or after.plan.dp == 3 * before.plan.dp


def test_devices_that_a_plan_does_not_divide_idle():
    work = of_reference(asked_work("training:llama3-8b:tp=8,pp=2"), load("dgx-h100:nodes=2"))
    assert step_on(work, load("dgx-h100:nodes=5")).ranks == 32


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training:llama3-9b", "no model 'llama3-9b'"),
        ("training:llama3-8b:tp=2,flops=1e12", "plan: unknown key 'flops'"),
        ("training:llama3-8b:tp=2:many", "work: BATCH"),
        ("training:llama3-8b:tp=2:64:8", r"training:MODEL\[:PLAN\[:BATCH\]\]"),
        ("training:llama3-8b:tp=8,pp=3", "nearest 24"),
    ],
)
def test_a_step_that_is_none_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        one("dgx-h100:nodes=4", "dgx-h100", text)


def test_a_model_too_large_for_a_node_says_why():
    reference, found = equivalent(
        load("dgx-h100:nodes=2"), ["8x4090-dual-root"], asked_work("training:llama3-8b:tp=2"), most_devices=32
    ).items
    assert found.found.nodes is None
    assert "lacks" in found.found.why
    assert reference.found.step.plan.dp == 8
