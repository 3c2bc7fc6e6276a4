"""The hardware's name behind `nccl:` is read in any case, wherever it stands."""

import pytest

from fabric.predict.constants import constants_of
from fabric.predict.libraries.nccl import hardware_of


@pytest.mark.parametrize("text", ["nccl:H100", "NCCL:h100", "nccl:h100"])
def test_a_name_is_the_same_in_any_case(text):
    assert constants_of(text) == constants_of(None, text) == constants_of("nccl:h100")
    assert hardware_of(text) == hardware_of("nccl:h100")
