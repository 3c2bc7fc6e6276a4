"""The page of a live search: every suspect is drawn once in its state, every test is listed, and nothing is loaded."""

import re

import pytest

from benchmarks.slow_sites import planted
from fabric.network.spec import load
from fabric.report.slow.page import MOST, page, states
from fabric.slow.adaptive import search
from fabric.slow.drawn import drawn, evidence
from fabric.slow.findings import rows_of, verdict
from fabric.slow.tree import tree_of


@pytest.fixture(scope="module")
def found():
    fabric = load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8")
    tree = tree_of(fabric)
    site = planted(fabric, tree, 2, 3, kinds=("device",))
    return tree, site, search(tree, site.ask)


def content(found, **more):
    tree, _, one = found
    context = {"source": "gloo", "launch_ranks": 32, "evidence": evidence(tree, "collective", one, 5), **drawn(tree), **more}
    return page(
        verdict(tree, [("collective", one)]), rows_of(tree, [("collective", one)]), context, (), ("kubectl cordon <n>",)
    )


def test_every_node_is_drawn_once_in_its_state(found):
    tree, site, one = found
    text = content(found)
    state = states(rows_of(tree, [("collective", one)]))
    seen = re.findall(r"<span class='node (\w+)' title='[^']*'>[^<]*?(device \d+)</span>", text)
    assert len(seen) == tree.nodes
    assert {name: kind for kind, name in seen} == {name: state[n] for n, name in enumerate(tree.names)}
    slow = {n for _, named in site.told for n in named}
    assert {n for n, kind in state.items() if kind == "slow"} == slow


def test_every_test_is_listed_slowest_first_and_a_confirmation_is_beside_a_healthy_group(found):
    tree, _, one = found
    rows = evidence(tree, "collective", one, 5)
    assert len(rows) == len(one.asked) < MOST
    assert max(row["factor"] for row in rows if row["why"] == "with") > 1.2
    assert all(row["factor"] == pytest.approx(1, abs=0.2) for row in rows if row["why"] == "without")
    assert content(found).count("<tr>") == 2 + len(one.verdicts) + len(rows)


def test_it_loads_nothing_and_foreign_names_are_text(found):
    text = content(found, source="<img src=x>")
    assert "<img" not in text
    assert "kubectl cordon &lt;n&gt;" in text
    assert not re.search(r"(src|href)\s*=\s*['\"](?!data:)", text)


def test_settings_that_differ_are_listed_the_reason_first(found):
    tree, _, one = found
    rows = [{**row, "differs": ["NCCL_ALGO is Tree, Ring on the others"] if row["kind"] == "node" else []}
            for row in rows_of(tree, [("collective", one)])[:1]]  # fmt: skip
    context = {"source": "x", "evidence": [], "differs": ["kernel: 5 on <b>; 6 on the others"], **drawn(tree)}
    text = page("", rows, context, ())
    first, second = re.findall(r"<li>(.*?)</li>", text)
    assert first == f"{rows[0]['name']}, and nobody who is not slow: NCCL_ALGO is Tree, Ring on the others"
    assert "&lt;b&gt;" in second
    assert "Not the same on all ranks" not in content(found)


def test_a_test_that_never_ended_stands_first(found):
    tree, _, one = found
    first, *others = evidence(tree, "collective", one, 5)
    context = {"source": "x", "evidence": [*others, {**first, "factor": None}], **drawn(tree)}
    assert "never ended" in page("", [], context, ()).split("<tr>")[2]


def test_pairs_are_drawn_in_their_own_state_where_switches_are_suspects_too():
    fabric = load("rail_optimized:nodes=32,rails=4,radix=16")
    tree = tree_of(fabric)
    context = {"source": "gloo", "evidence": (), **drawn(tree)}
    rows = [{"suspects": [s], "state": "slow" if s == tree.first_pair + 1 else "cleared"} for s in range(tree.suspects)]
    rows = [{"layer": "collective", "kind": tree.kind(s), "name": tree.word(s), "parts": [], "factor": 2.0, "low": 1.9,
             "high": 2.1, "probability": 1.0, "tests": 1, **row} for s, row in enumerate(rows)]  # fmt: skip
    between = page("slow", rows, context, ()).partition("Between groups")[2].partition("<h2>")[0]
    assert f"✕ {tree.word(tree.first_pair + 1)}" in between
    assert f"{len(tree.pairs) - 1} of {len(tree.pairs)} cleared" in between
