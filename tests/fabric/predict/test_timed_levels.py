"""Library constants of levels that a case does not cross: nothing is divided by their beta of 0."""

import numpy as np
import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.of_node import constants_on
from fabric.predict.together import Groups


def test_a_message_between_nodes_is_simulated_by_nccls_constants():
    fabric, pair = load("dgx-h100:nodes=2"), np.array([0, 8])
    constants = constants_on(fabric)
    case = Groups(fabric, constants, pair[None, :]).case("sendrecv", 2**24)
    closed, flows = (predict([case], fabric, constants, given=pair, fidelity=way)[0].time for way in ("loaded", "flows"))
    assert flows == pytest.approx(closed, rel=0.01)
