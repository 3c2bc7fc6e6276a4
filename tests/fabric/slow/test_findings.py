"""A search's findings in rows and one line; the lines that take a node out are printed with what is named, quoted."""

import numpy as np

from fabric.slow.findings import drains, rows_of, verdict
from fabric.slow.plan import Test
from fabric.slow.state import Asked, Found
from fabric.slow.tree import Layer, Tree
from fabric.slow.verdicts import Verdict

TREE = Tree(
    tuple(f"gpu node{n}" if n == 3 else f"node{n}" for n in range(6)),
    tuple((n,) for n in range(6)),
    (Layer("leaf", ("leaf0", "leaf1", "leaf2"), np.array([0, 0, 1, 1, 2, 2]), np.ones(3)),),
)
SLOW = (
    Verdict("node", "gpu node3", (3,), 1.5, 1.4, 1.6, 0.999),
    Verdict("boundary", "leaf2 | the others", (8,), 2.0, 1.9, 2.1, 0.99),
    Verdict("hung", "node5", (5,), float("inf"), float("inf"), float("inf"), 1.0),
)
ASKED = (Asked(Test((3, 0)), 2, "with", 1.5), Asked(Test((1, 2)), 2, "without", 1.0), Asked(Test((3, 2)), 1, "search", 1.5))


def found(verdicts=SLOW, cleared=(0, 1, 2, 6, 7), left=(4,)):
    return Found(verdicts, cleared, left, (), np.linspace(0, 1, 9), ASKED, 3, 0.02)


def test_every_suspect_has_one_row_and_its_evidence():
    rows = rows_of(TREE, [("collective", found())])
    assert sorted(s for row in rows for s in row["suspects"]) == list(range(9))
    assert [(row["state"], row["kind"], row["tests"]) for row in rows[:3]] == [
        ("slow", "node", 2),
        ("slow", "boundary", 1),
        ("slow", "hung", 0),
    ]
    assert rows[2]["factor"] is None


def test_the_line_says_who_how_much_what_is_left_and_the_cost():
    assert verdict(TREE, [("collective", found())]) == (
        "slow: gpu node3 takes 1.50x the others' time (1.40-1.60); boundary leaf2 | the others takes 2.00x the others' time "
        "(1.90-2.10); node5 never answers; 1 of 9 undecided (1 test in 3 rounds, confirmations apart)"
    )
    none = [("pairs", found((), tuple(range(9)), ()))]
    assert verdict(TREE, none).startswith("none: 6 cleared, and 3 boundaries")
    assert verdict(TREE, none).endswith("; nobody takes over 1.10x the others' time, a test's own varies by 2.0 %")
    assert "; nobody takes over 1.06x the others' time" in verdict(TREE, none, 0.01), "what the noise of two tests hides"
    assert verdict(TREE, [("pairs", found((), (), (4, 5)))]).startswith("inconclusive: 2 of 9 suspects undecided")


def test_nodes_are_taken_out_by_lines_of_their_scheduler_and_boundaries_by_none():
    rows = rows_of(TREE, [("collective", found())])
    assert drains(rows, "slurm") == [
        "scontrol update NodeName='gpu node3' State=DRAIN Reason='fabricbench: slow node, 1.50x'",
        "scontrol update NodeName=node5 State=DRAIN Reason='fabricbench: never answers'",
    ]
    assert drains(rows, "kubernetes") == ["kubectl cordon 'gpu node3'", "kubectl cordon node5"]
