import pytest

from fabric.records.case import Case
from topologies.errors import InputError


def test_the_root_must_be_a_rank():
    assert Case("broadcast", 8, 4, 1, 4, root=3).root == 3
    assert Case("broadcast", 8, 4, 1, 4).root is None
    with pytest.raises(InputError, match=r"root: must be a rank, 0 \.\.\. 3, got 4"):
        Case("broadcast", 8, 4, 1, 4, root=4)
    with pytest.raises(InputError, match="got -1"):
        Case("broadcast", 8, 4, 1, 4, root=-1)


def test_cases_that_differ_in_parameters_are_different():
    even, skewed = Case("all_to_all_v", 8, 4, 1, 4), Case("all_to_all_v", 8, 4, 1, 4, params={"skew": 1.0})
    assert even != skewed
    assert len({even, skewed}) == 2


def test_count_is_elements_of_s():
    assert Case("all_gather", 1024, 4, 1, 4, dtype="bf16").count == 512
