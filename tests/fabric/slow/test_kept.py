"""Tests on disk: what is kept is given out again in its order; another search, or another file, is refused in one line."""

import json

import pytest

from fabric.slow.kept import SCHEMA, Kept, check, head_of, opened, refusal, seats
from fabric.slow.search import Search
from topologies.errors import InputError

UNITS = [[0], [1], [2], [3]]


def head(ranks=4, units=UNITS, suspects=("a", "b"), **asked):
    return head_of(Search("mpi", **asked), ranks, units, suspects, {"python": "3.11", "launch_ranks": ranks})


HEAD = json.dumps({"schema": SCHEMA, **head()})


@pytest.fixture
def kept(tmp_path):
    found = Kept(tmp_path / "tests.jsonl")
    assert found.begin(head()) is None
    found.keep("collective", [0, 1], [1.0, 2.0])
    found.keep("collective", [0, 1], [3.0])
    found.keep("pairs", [2, 3], [4.0], wrong=7)
    return found


def test_times_come_back_in_their_order_layer_by_layer(kept):
    again = opened(kept.path)
    assert [again.next("collective", (0, 1)) for _ in range(3)] == [(1.0, 2.0), (3.0,), None]
    assert [again.next("pairs", (2, 3)), again.next("collective", (2, 3)), again.next("pairs", (3, 2))] == [(4.0,), None, None]
    assert (again.count, again.wrong, again.torn) == (3, 7, 0)
    again.rewind()
    assert again.next("collective", (0, 1)) == (1.0, 2.0)


def test_what_was_just_kept_is_not_given_out_before_it_is_rewound(kept):
    assert kept.next("collective", (0, 1)) is None
    kept.rewind()
    assert kept.next("collective", (0, 1)) == (1.0, 2.0)


def test_a_torn_last_line_is_left_out_and_cut_off(kept):
    whole = kept.path.read_bytes()
    kept.path.write_bytes(whole + b'{"layer":"coll')
    again = opened(kept.path)
    assert (again.count, again.torn) == (3, 14)
    again.keep("pairs", [0, 1], [5.0])
    assert kept.path.read_bytes().startswith(whole)
    assert opened(kept.path).count == 4


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"nbytes": 65536}, "keep: size must be 1048576 as in"),
        ({"block": 0.2}, "keep: block must be 0.1 as in"),
        ({"repeats": 3}, "keep: repeats must be 5 as in"),
        ({"suspects": ("a", "c")}, "keep: suspects must be the 2 of"),
    ],
)
def test_another_search_is_refused(kept, changes, line):
    assert opened(kept.path).begin(head(**changes)).startswith(line)


def test_what_can_be_refused_is_before_any_rank_starts(kept, tmp_path):
    check(kept.path, Search("mpi", least=0.3), 4)
    check(tmp_path / "new.jsonl", Search("gloo"), 9)
    with pytest.raises(InputError, match="keep: backend must be 'mpi' as in"):
        check(kept.path, Search("gloo"), 4)
    with pytest.raises(InputError, match="ranks: must be 4 as in"):
        check(kept.path, Search("mpi"), 5)


def test_what_changes_no_time_may_change(kept):
    assert opened(kept.path).begin(head(least=0.5, budget=9.0, layers=("pairs",), timeout=9.0)) is None


def test_another_version_is_refused(kept):
    assert refusal(kept.head, {**head(), "context": {"python": "3.12"}}, kept.path).startswith(
        "keep: Python must be '3.11' as in"
    )


def test_ranks_without_a_silent_unit_stand_for_the_others(kept):
    kept.lose([2])
    again = opened(kept.path)
    assert again.silent == {2}
    assert seats(again, 4) == [0, 1, 2, 3]
    assert seats(again, 3) == [0, 1, 3]
    with pytest.raises(InputError, match=r"ranks: must be 4 as in .*, or 3 without what never answered, got 2"):
        seats(again, 2)


def test_a_silent_rank_takes_its_unit_with_it(tmp_path):
    kept = Kept(tmp_path / "tests.jsonl")
    kept.begin(head(6, [[0, 1], [2, 3], [4, 5]]))
    kept.lose([3])
    assert seats(kept, 4) == [0, 1, 4, 5]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("nonsense\n", ":1: must be JSON"),
        ('{"schema": "fabricbench.result/2"}\n', ":1: schema must be fabricbench.slow-tests/1, got"),
        (HEAD + '\n{"layer": "collective"}\n', ":2: must be a test of a search"),
        (HEAD + '\n[1]\n', ":2: must be a test of a search"),
        (HEAD + '\n{"layer":"x","ranks":[0],"seconds":[0],"wrong":0}\n', ":2: seconds must be above 0"),
        (json.dumps({"schema": SCHEMA}) + "\n", ":1: must be a test of a search"),
    ],
)  # fmt: skip
def test_a_file_of_something_else_is_refused_in_one_line(tmp_path, text, line):
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        opened(path)
    assert f"{path}{line}" in str(error.value)
    assert "\n" not in str(error.value)
