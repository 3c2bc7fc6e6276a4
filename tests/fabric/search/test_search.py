"""A search says the same whatever the order and number of workers; its quick figures are those of the long way round."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import fabricbench
from fabric.cli.review_search import command
from fabric.network import spec
from fabric.predict.answer import predict
from fabric.predict.constants import NONE
from fabric.report.words.search import REFUSED, differences, refusal
from fabric.review.performance import case_on
from fabric.review.request import CaseText, Figure, Limits, PartText, Request, Step, TrainingText
from fabric.review.resilience import single_homed
from fabric.review.trained import efficiency, trained_on
from fabric.search import quick
from fabric.search.generate import Demand, Wiring, generate
from fabric.search.quick import BY_RAILS, REFUSALS, Work, evaluate, exposure
from fabric.search.search import AXES, Refusal, against, answer, counted, search
from topologies.errors import InputError

CASES = (CaseText(collective="all_reduce", size="64MiB"), CaseText(collective="all_to_all", size="16MiB", count=4))
WATTS = Figure(low=30, high=40, source="a test", date="2026-11")
UNPRICED = {
    "switch-64x1600g": PartText(kind="switch", watts=WATTS, ports=64, speed="1600Gb/s", rack_units=2),
    "optic-1600g": PartText(kind="link", watts=WATTS, speed="1600Gb/s", reach=500),
}
REQUEST = Request(title="test", candidates=(), cases=CASES, step=Step(compute=0.1), parts=UNPRICED)
SMALL = Demand(
    64, 8, (16, 32), families=("clos", "rail_only", "rail_optimized", "fat_tree", "multi_plane"), oversubscriptions=("1", "3")
)
SPEEDS = ("800Gb/s", "1600Gb/s")


def works(demand=SMALL, request=REQUEST, speeds=SPEEDS):
    wirings, _ = generate(demand)
    return [Work(wiring, demand.least, demand.devices_per_node, speeds, request) for wiring in wirings]


@pytest.fixture(scope="module")
def rows():
    return [row for work in works() for row in evaluate(work)["rows"]]


@pytest.fixture(scope="module")
def found(rows):
    _, skipped = generate(SMALL)
    return answer(json.loads(json.dumps(rows)), REQUEST, skipped, ())


def test_two_workers_say_what_evaluations_one_by_one_say(found):
    assert search(SMALL, SPEEDS, REQUEST, workers=2) == found


def test_the_order_of_evaluations_does_not_matter(rows, found):
    shuffled = [rows[place] for place in np.random.default_rng(3).permutation(len(rows))]
    again = answer(json.loads(json.dumps(shuffled)), REQUEST, found.skipped, found.refused)
    assert again == found


def test_a_search_that_was_cut_off_goes_on_to_the_same_answer(tmp_path, found):
    journal = tmp_path / "search.jsonl"
    assert search(SMALL, SPEEDS, REQUEST, workers=1, journal=journal) == found
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[1::2]) + lines[0][:30])
    assert search(SMALL, SPEEDS, REQUEST, workers=2, journal=journal, resume=True) == found


def test_other_limits_take_over_a_journal_other_cases_do_not(tmp_path):
    journal, seen = tmp_path / "search.jsonl", []
    small = replace(SMALL, families=("clos",))
    search(small, SPEEDS, REQUEST, workers=1, journal=journal)
    options = {"workers": 1, "journal": journal, "resume": True, "watch": lambda done, total: seen.append((done, total))}
    search(small, SPEEDS, REQUEST.model_copy(update={"limits": Limits(power=1e4)}), **options)
    assert seen == []
    search(small, SPEEDS, REQUEST.model_copy(update={"cases": CASES[:1]}), **options)
    assert len(seen) == seen[0][1]


def test_the_last_digits_of_a_sum_do_not_decide_who_is_on_the_front(rows, found):
    shaken = json.loads(json.dumps(rows))
    for place, row in enumerate(shaken):
        row["seconds"] *= 1 + (-1) ** place * 2e-15
    again = answer(shaken, REQUEST, found.skipped, found.refused)
    for one, other in ((again.survivors, found.survivors), (again.unpriced, found.unpriced)):
        assert {survivor.row["spec"] for survivor in one} == {survivor.row["spec"] for survivor in other}


def test_a_fabric_that_is_reached_twice_counts_once(rows, found):
    specs = [row["spec"] for row in found.rows]
    assert len(specs) == len(set(specs)) < len(rows)
    assert set(specs) == {row["spec"] for row in rows}


def test_survivors_are_beaten_by_nobody_and_everybody_else_is(found):
    assert found.survivors
    assert found.unpriced
    for group, priced, axes in ((found.survivors, True, AXES), (found.unpriced, False, AXES[1:])):
        kept = [one.row["spec"] for one in group]
        points = {row["spec"]: [row[key] for key, _ in axes] for row in found.rows if (row["usd"] is not None) == priced}
        for name, own in points.items():
            beaten = any(all(x <= y for x, y in zip(o, own, strict=True)) and o != own for o in points.values())
            assert (name in kept) == (not beaten)


@pytest.mark.parametrize("resolution", [0.01, 0.05, 0.2])
def test_a_resolution_leaves_out_only_what_is_hardly_better(rows, found, resolution):
    coarse = answer(json.loads(json.dumps(rows)), REQUEST, found.skipped, found.refused, resolution)
    for whole, kept, axes in ((found.survivors, coarse.survivors, AXES), (found.unpriced, coarse.unpriced, AXES[1:])):
        specs = [one.row["spec"] for one in whole]
        assert {one.row["spec"] for one in kept} <= set(specs)
        assert len(kept) + sum(one.stands_for for one in kept) == len(specs)
        for one in whole:
            assert any(all(k.row[key] <= one.row[key] * (1 + resolution) for key, _ in axes) for k in kept)
        for key, _ in axes:
            assert min(one.row[key] for one in kept) == min(one.row[key] for one in whole)
    assert coarse.favourites == found.favourites
    assert len(coarse.survivors) < len(found.survivors) or resolution < 0.1


def test_what_was_worked_out_before_changes_nothing():
    first, other = (
        works()[0],
        Work(Wiring("clos", (("radix", "16"), ("endpoints", "96"), ("tiers", "3")), 96), 96, 4, SPEEDS, REQUEST),
    )
    before = evaluate(first)
    assert evaluate(other)["rows"]
    assert evaluate(first) == before


def test_every_survivor_is_explained_against_another_survivor(found):
    specs = {one.row["spec"] for one in found.survivors}
    for one in found.survivors:
        assert one.neighbour["spec"] in specs - {one.row["spec"]}
        assert one.against == against(one.row, one.neighbour, priced=True)


def test_a_difference_is_said_in_percent_of_the_other():
    row = {"usd": 88.0, "watts": 100.0, "seconds": 1.03, "exposure": 0.1}
    other = {"usd": 100.0, "watts": 100.0, "seconds": 1.0, "exposure": 0.1}
    assert differences(against(row, other, priced=True)) == "+3.0 % time, -12.0 % cost"
    assert differences(against(row, other, priced=False)) == "+3.0 % time"
    assert differences(against(row, row, priced=True)) == "the same on every axis"


def test_the_favourites_of_the_field_are_placed(found):
    by_name = {one.name for one in found.favourites}
    assert by_name == {"full fat-tree", "rail-optimised", "rail-only"}
    for one in found.favourites:
        assert one.on_front == (one.beaten is None)
        assert "oversubscription=3" not in one.row["spec"]


def test_parts_without_a_price_are_named_once_and_keep_their_designs(found):
    without = [row for row in found.rows if row["usd"] is None]
    assert found.missing
    assert max(found.missing.values()) <= len(without)
    assert all(row["unpriced"] and set(row["unpriced"]) <= set(found.missing) for row in without)


@pytest.mark.parametrize(
    "wiring",
    [
        Wiring("clos", (("radix", "16"), ("endpoints", "64"), ("tiers", "2"), ("oversubscription", "3")), 64),
        Wiring("multi_plane", (("nodes", "8"), ("rails", "8"), ("radix", "32"), ("planes", "2"), ("tiers", "2")), 64, 2),
        Wiring(
            "dual_tor", (("nodes", "8"), ("rails", "8"), ("radix", "64"), ("down", "4"), ("up", "4"), ("core_up", "8")), 64, 2
        ),
        Wiring("dragonfly", (("p", "4"), ("a", "4"), ("h", "2"), ("groups", "4")), 64),
    ],
    ids=lambda wiring: wiring.family,
)
def test_shared_routes_give_what_every_design_gives_alone(wiring):
    both = evaluate(Work(wiring, 64, 8, SPEEDS, REQUEST))["rows"]
    assert len(both) == 2
    for row, speed in zip(both, SPEEDS, strict=True):
        (alone,) = evaluate(Work(wiring, 64, 8, (speed,), REQUEST))["rows"]
        assert _close(row, alone)
        fabric = spec.load(row["spec"])
        for text, case in zip(CASES, row["cases"], strict=True):
            for policy, key in ((quick.SPLIT, "seconds"), (quick.HASHED, "hashed")):
                asked = case_on(fabric, text, "contiguous", 64)
                (slow,) = predict([asked], fabric, algorithm=case["algorithm"], routing=policy, fidelity="loaded")
                assert case[key] == pytest.approx(slow.time, rel=1e-12)


def _close(one, other):
    """Return whether two rows are the same but for the last digits."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_close, one, other))
    return one == pytest.approx(other, rel=1e-12) if isinstance(one, float) else one == other


def test_the_bound_is_never_beaten(rows):
    assert all(row["bound_seconds"] <= row["seconds"] * (1 + 1e-9) for row in rows)


def test_exchange_along_rails_takes_what_the_rail_aligned_algorithm_takes():
    fabric = spec.load("rail_only:nodes=16,rails=8,radix=16,scale_up=nvswitch")
    text = CaseText(collective="all_to_all", size="1GiB")
    wiring = Wiring("rail_only", (("nodes", "16"), ("rails", "8"), ("radix", "16")), 128)
    (row,) = evaluate(Work(wiring, 128, 8, ("400Gb/s",), REQUEST.model_copy(update={"cases": (text,)})))["rows"]
    assert row["cases"][0]["algorithm"] == BY_RAILS
    (slow,) = predict(
        [case_on(fabric, text, "contiguous")], fabric, algorithm="rail_aligned", routing="spray", fidelity="loaded"
    )
    assert row["seconds"] == pytest.approx(slow.time, rel=0.01)  # the same bytes; fewer steps, so fewer latencies


def test_unequal_messages_between_rails_go_by_way_of_a_neighbour():
    text = CaseText(collective="all_to_all_v", size="1MiB", params={"skew": 1.5}, ranks=32)
    wiring = Wiring("rail_only", (("nodes", "8"), ("rails", "8"), ("radix", "16")), 64)
    (row,) = evaluate(Work(wiring, 64, 8, ("400Gb/s",), REQUEST.model_copy(update={"cases": (text,)})))["rows"]
    fabric = spec.load(row["spec"])
    (slow,) = predict([case_on(fabric, text, "contiguous")], fabric, algorithm="direct", routing="pxn:spray", fidelity="loaded")
    assert row["seconds"] == slow.time >= row["bound_seconds"]


@pytest.mark.parametrize(
    ("topo", "share"),
    [
        ("star:devices=8", 1.0),
        ("fat_tree:k=4", 1 / 4),  # a core of four
        ("leaf_spine:leaves=8,spines=2,hosts_per_leaf=4,uplinks=4", 1 / 2),
        ("leaf_spine:leaves=4,spines=8,hosts_per_leaf=4", 1 / 4),  # a leaf's devices
        ("hypercube:n=4", 1 / 8),  # two ends to a cable: 2 / N
    ],
)
def test_exposure_is_the_largest_share_that_one_switch_takes(topo, share):
    assert exposure(spec.load(topo)) == pytest.approx(share)


def test_single_homed_devices_are_those_of_the_stress_tests(rows):
    for row in rows[::7]:
        assert row["single_homed"] == single_homed(spec.load(row["spec"]).topology)


@pytest.mark.parametrize(
    ("topo", "split"),
    [
        ("leaf_spine:leaves=2,spines=2,hosts_per_leaf=16,devices_per_node=8", 0),
        ("leaf_spine:leaves=4,spines=2,hosts_per_leaf=42,devices_per_node=8", 3),  # behind devices 42, 84 and 126
        ("leaf_spine:leaves=4,spines=2,hosts_per_leaf=6,devices_per_node=8", 2),  # 6 + 2, 4 + 4, 2 + 6
        ("leaf_spine:leaves=4,spines=2,hosts_per_leaf=4,devices_per_node=8", 0),  # halves, every node
        ("rail_optimized:nodes=8,rails=8,radix=16", 0),
        ("multi_plane:nodes=8,rails=8,radix=16,planes=2", 0),
        ("hypercube:n=4", 0),  # no leaves
    ],
)
def test_nodes_that_leaves_split_are_those_unlike_the_others(topo, split):
    assert quick.split_nodes(spec.load(topo).topology) == split


def test_a_second_home_keeps_devices_when_a_leaf_goes():
    one = exposure(spec.load("rail_optimized:nodes=8,rails=8,radix=16"))
    two = exposure(spec.load("multi_plane:nodes=8,rails=8,radix=16,planes=2"))
    assert two == pytest.approx(one / 2)


def test_where_nothing_fits_the_nearest_and_its_limit_are_said(rows, found):
    least = min(row["watts"] for row in rows if row["usd"] is not None)
    request = REQUEST.model_copy(update={"limits": Limits(power=least / 2)})
    nothing = answer(rows, request, found.skipped, found.refused)
    assert nothing.fitting == 0
    assert not nothing.survivors
    row, (binding,) = nothing.nearest
    assert row["watts"] == least
    assert (binding.name, binding.over) == ("power", pytest.approx(1.0))


def test_designs_that_fit_at_the_middle_only_are_counted_apart(rows, found):
    request = REQUEST.model_copy(update={"limits": Limits(power=max(row["watts"] for row in rows))})
    some = answer(rows, request, found.skipped, found.refused)
    beyond = sum(row["watts_high"] > request.limits.power for row in some.rows)
    assert (some.fitting, some.fitting_high) == (len(some.rows), len(some.rows) - beyond)
    assert beyond > 0


def test_a_budget_leaves_out_designs_without_a_price(rows, found):
    request = REQUEST.model_copy(update={"limits": Limits(budget=1e12)})
    rich = answer(rows, request, found.skipped, found.refused)
    assert rich.fitting == sum(row["usd"] is not None for row in found.rows)
    assert rich.unpriced == ()


def test_a_design_that_cannot_be_built_is_refused_with_its_kind():
    wiring = Wiring("clos", (("radix", "8"), ("endpoints", "64"), ("tiers", "2")), 64)
    outcome = evaluate(Work(wiring, 64, 8, SPEEDS, REQUEST))
    assert outcome["rows"] == []
    assert [(one["family"], one["kind"]) for one in outcome["refused"]] == [("clos", "wiring")] * 2
    assert outcome["refused"][0]["why"].startswith("clos: ")


def test_a_switch_that_nobody_lists_is_refused_with_its_kind():
    wiring = Wiring("clos", (("radix", "1024"), ("endpoints", "2048"), ("tiers", "2")), 2048)
    outcome = evaluate(replace(Work(wiring, 64, 8, ("400Gb/s",), REQUEST)))
    assert [(one["family"], one["kind"]) for one in outcome["refused"]] == [("clos", "switch")]


def test_refusals_are_counted_by_family_and_kind_and_have_their_words():
    known = [{"family": "clos", "kind": "switch", "why": f"clos: leaf: needs {n}"} for n in (2, 1)]
    found = counted([*known, {"family": "clos", "kind": "other", "why": "parts.x: is not there"}])
    assert found == (Refusal("clos", "other", "parts.x: is not there", 1), Refusal("clos", "switch", "clos: leaf: needs 2", 2))
    assert [refusal(one) for one in found] == ["parts.x: is not there", "clos: no listed switch is large or fast enough"]
    assert set(REFUSED) | {"other"} == set(REFUSALS)


@pytest.mark.parametrize(
    ("change", "speeds", "message"),
    [
        ({}, (), "speeds: must name at least one"),
        ({}, ("400G",), "speeds: must be a rate"),
        ({}, ("0Gb/s",), "speeds: must be above zero"),
        ({"limits": Limits(power=-1.0)}, SPEEDS, "limits.power: must be above 0"),
        ({"cases": ()}, SPEEDS, "cases: must name at least one"),
        ({"node": "node-8xh200"}, SPEEDS, "part: must be one of .*did you mean node-8xh100"),
    ],
)
def test_what_is_wrong_for_all_is_one_clear_line(change, speeds, message):
    with pytest.raises(InputError, match=message):
        search(SMALL, speeds, REQUEST.model_copy(update=change), workers=1)


def test_a_demand_that_nothing_holds_says_why():
    with pytest.raises(InputError, match=r"nothing of what was tried holds 8,192 devices; most often .*: nothing was tried"):
        search(Demand(8192, 8, (16, 20), families=("fat_tree",), oversize=0.0), SPEEDS, REQUEST, workers=1)


ASKED = [
    "--endpoints",
    "64",
    "--radix",
    "16",
    "--speeds",
    "400Gb/s",
    "--families",
    "clos,rail_only",
    "--oversubscription",
    "1,3",
    "--workers",
    "1",
]


def test_the_command_prints_the_front_and_the_favourites():
    done = CliRunner().invoke(command, ASKED, catch_exceptions=False)
    assert done.exit_code == 0
    assert "on the front of cost, power, time, exposure" in done.stdout
    assert "rail-only (rail_only:nodes=8,rails=8,radix=16" in done.stdout


def test_the_command_gives_json_and_csv_of_the_front():
    found = json.loads(CliRunner().invoke(command, [*ASKED, "--json"], catch_exceptions=False).stdout)
    assert found["schema"] == "fabricbench.review-search/2"
    assert found["designs"] >= len(found["rows"]) > 0
    assert {"spec", "usd", "watts", "seconds", "exposure", "against"} <= set(found["rows"][0])
    table = CliRunner().invoke(command, [*ASKED, "--csv"], catch_exceptions=False).stdout
    assert len(table.splitlines()) == len(found["rows"]) + 1


def test_python_finds_what_the_command_finds():
    said = json.loads(CliRunner().invoke(command, [*ASKED, "--power-cap", "1MW", "--json"], catch_exceptions=False).stdout)
    texts = {"families": ["clos", "rail_only"], "speeds": "400Gb/s", "oversubscription": ["1", "3"]}
    assert fabricbench.search(64, radix=16, power_watts=1e6, **texts).json() == said


def test_the_command_says_for_how_many_designs_each_stands():
    fine = json.loads(CliRunner().invoke(command, [*ASKED, "--json"], catch_exceptions=False).stdout)
    coarse = json.loads(CliRunner().invoke(command, [*ASKED, "--json", "--resolution", "30"], catch_exceptions=False).stdout)
    assert coarse["resolution_percent"] == 30
    assert len(coarse["rows"]) < len(fine["rows"])
    assert sum(1 + row["stands_for"] for row in coarse["rows"]) == len(fine["rows"])
    done = CliRunner().invoke(command, [*ASKED, "--resolution", "30"], catch_exceptions=False)
    assert "(to 30 %) on the front of cost, power, time, exposure" in done.stdout
    assert "stands for" in done.stdout


def test_the_command_ends_with_1_and_the_limit_where_nothing_satisfies():
    done = CliRunner().invoke(command, [*ASKED, "--power-cap", "1kW"], catch_exceptions=False)
    assert done.exit_code == 1
    assert "no design satisfies; the nearest is" in done.stdout
    assert "against 1000" in done.stdout


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--power-cap", "2"], "power-cap: must be a number such as 2MW, got '2'"),
        (["--budget", "many"], "budget: must be a number such as 80M, got 'many'"),
        (["--case", "all_reduce"], "case: must be COLLECTIVE:SIZE"),
        (["--case", "reduce_all:1MiB"], "case: must be COLLECTIVE:SIZE"),
        (["--resolution", "-1"], "resolution: must be a finite number from 0 to 100, got '-1'"),
        (["--families", ""], "families: must name one, such as clos, or be left out for all, got ''"),
        (["--compute", ""], "compute: must be a time such as 500ns"),
        (["--resolution", "nan"], "resolution: must be a finite number from 0 to 100, got 'nan'"),
        (["--overlap", "2"], "overlap: must be a finite number from 0 to 1, got '2'"),
        (["--resume"], "resume: needs the journal to go on with, -o FILE"),
    ],
)
def test_a_wrong_option_is_one_clear_line(more, message):
    with pytest.raises(InputError, match=message):
        CliRunner().invoke(command, [*ASKED, *more], catch_exceptions=False)


def test_shared_nics_change_neither_the_exposure_nor_which_nodes_stand_split():
    def pair(topo):
        return [spec.load(f"{topo},{keys}") for keys in ("devices_per_node=2", "devices_per_node=16,devices_per_nic=8")]

    plain, shared = pair("clos:radix=8,endpoints=24")
    assert exposure(shared) == exposure(plain)
    assert quick.split_nodes(shared.topology) == quick.split_nodes(plain.topology) == 0
    plain, shared = pair("leaf_spine:leaves=4,spines=2,hosts_per_leaf=3")
    assert quick.split_nodes(shared.topology) == quick.split_nodes(plain.topology) > 0


STEP = "training:llama3-8b:tp=8:64"
TRAINED = {
    "endpoints": 64,
    "radix": 32,
    "speeds": "400Gb/s",
    "families": ["rail_only"],
    "oversubscription": ["1", "3"],
    "workers": 1,
}


def test_a_design_is_judged_by_the_training_step_on_the_devices_asked_for():
    answer = fabricbench.search(cases=[STEP], node="dgx-h100", **TRAINED)
    for row in answer.rows():
        step = trained_on(spec.load(row["spec"]), TrainingText(model="llama3-8b", plan="tp=8", batch=64), 64, constants=NONE)
        assert row["seconds"] == pytest.approx(step.seconds)
        assert row["efficiency"] == pytest.approx(efficiency(step))
        assert row["bound_seconds"] == pytest.approx(step.seconds - step.exposed - step.part("contention"))
        assert row["plan"] == "tp=8,dp=8"


def test_a_review_that_trains_is_searched_as_it_says(tmp_path):
    file = tmp_path / "r.yaml"
    file.write_text(
        "title: t\nnode: dgx-h100\ncandidates: [{name: a, topo: 'dgx-h100:nodes=8'}, {name: b, topo: 'dgx-h100:nodes=8'}]\n"
        "training: {model: llama3-8b, plan: tp=8, batch: 64}\n"
    )
    asked, said = (fabricbench.search(**TRAINED, **how) for how in ({"review": file}, {"cases": [STEP], "node": "dgx-h100"}))
    assert asked.rows() == said.rows()
    timed = fabricbench.search(**TRAINED, review=file, cases=["all_reduce:1MiB"]).rows()[0]
    assert timed["cases"][0]["collective"] == "all_reduce"
    assert timed["efficiency"] == said.rows()[0]["efficiency"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"cases": [STEP]}, "training: needs the nodes that train as a server of the catalogue .* got none"),
        ({"cases": [STEP], "node": "node-8xh100"}, "training: needs the nodes that train .* got node-8xh100"),
        ({"cases": [STEP], "node": "dgx-h100", "overlap": 0.5}, "compute: and overlap are for assumed numbers"),
        ({"cases": ["training:llama9"], "node": "dgx-h100"}, "no model 'llama9'"),
        ({"cases": ["training:llama3-8b:tp=8,up=2"], "node": "dgx-h100"}, "plan: unknown key 'up'"),
        ({"cases": [STEP, STEP], "node": "dgx-h100"}, "case: one training step at most, got 2"),
        ({"cases": [STEP + ":64"], "node": "dgx-h100"}, r"case: must be training:MODEL\[:PLAN\[:BATCH\]\]"),
        ({"cases": ["training:llama3-8b:tp=3"], "node": "dgx-h100"}, "search: not one of .* could be worked out; .* nearest"),
    ],
)
def test_a_step_that_no_design_can_train_is_refused_in_one_line(more, words):
    with pytest.raises(InputError, match=words) as error:
        fabricbench.search(**TRAINED, **more)
    assert "\n" not in str(error.value)
