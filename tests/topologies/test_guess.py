"""A misspelt word: what it may have been meant to be."""

import pytest

from topologies.guess import did_you_mean, near

KNOWN = ("fat_tree", "leaf_spine", "rail_only", "dgx-h100", "oci-h100")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("fat-tree", " (did you mean fat_tree?)"),
        ("FAT_TREE", " (did you mean fat_tree?)"),
        ("leafspine", " (did you mean leaf_spine?)"),
        ("DGX_H100", " (did you mean dgx-h100?)"),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_what_is_near_is_asked_after_whatever_its_case_and_hyphens(word, said):
    assert did_you_mean(word, KNOWN) == said


def test_several_are_named_the_nearest_first():
    assert near("dgx-h10", KNOWN, most=3) == ["dgx-h100", "oci-h100"]
    assert did_you_mean("dgx-h10", KNOWN, most=3) == " (did you mean dgx-h100 or oci-h100?)"


def test_a_high_likeness_leaves_out_what_is_far():
    assert near("fat", KNOWN, likeness=0.9) == []
