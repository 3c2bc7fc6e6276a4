"""No way between two devices: told by class and numbers, also where the error comes back from another process."""

import pickle

import pytest

from fabric.network import spec
from fabric.network.routing.no_way import NoWay
from fabric.predict.answer import predict
from fabric.records.case import Case
from topologies.errors import InputError


def test_it_names_what_it_could_not_join_and_survives_a_pickle():
    fabric = spec.load("rail_only:nodes=4,rails=2,radix=4")
    with pytest.raises(NoWay) as caught:
        predict([Case("all_to_all", 1024, 8, nodes=4, ranks_per_node=2)], fabric, algorithm="direct", fidelity="loaded")
    error = caught.value
    assert isinstance(error, InputError)
    rails = fabric.topology.rail[[error.source, error.target]]
    assert rails[0] != rails[1]
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert (type(again), str(again)) == (NoWay, str(error))
    assert (again.topology, again.source, again.target) == (fabric.topology.name, error.source, error.target)
