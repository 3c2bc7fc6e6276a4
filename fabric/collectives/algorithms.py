"""Which algorithms do a collective, and how one is asked for by text. It does not know what they cost."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from fabric.collectives import aggregated_trees as trees
from fabric.collectives import barrier, binomial, bruck, bucket, chain, direct, full_mesh, in_network, pairwise, recursive
from fabric.collectives import double_binary_tree as twin
from fabric.collectives import hierarchical as levels
from fabric.collectives import node_all_to_all as by_node
from fabric.collectives import point_to_point as partners
from fabric.collectives import ring as rings
from fabric.collectives.catalog import NO_PARAMS, collective
from fabric.collectives.gloo_ring import gloo_ring
from fabric.collectives.node_tree import tree
from fabric.collectives.pipeline import pipeline
from fabric.collectives.schedule import Groups, Schedule
from fabric.collectives.sizes import Params, options
from fabric.collectives.swing import swing
from topologies.errors import InputError
from topologies.guess import did_you_mean

Builder = Callable[..., Schedule]

ALGORITHMS: Mapping[str, Mapping[str, Builder]] = {
    "all_reduce": {
        "ring": rings.ring,
        "bidirectional_ring": rings.bidirectional_ring,
        "gloo_ring": gloo_ring,
        "recursive_doubling": recursive.recursive_doubling,
        "halving_doubling": recursive.halving_doubling,
        "double_binary_tree": twin.double_binary_tree,
        "tree": tree,
        "full_mesh": full_mesh.full_mesh,
        "nhr": trees.nhr,
        "pat": trees.pat,
        "hierarchical": levels.hierarchical,
        "two_level": levels.two_level,
        "three_level": levels.three_level,
        "rail_aligned": levels.rail_aligned,
        "pipeline": pipeline,
        "nvls": in_network.nvls,
        "nvls_tree": in_network.nvls_tree,
        "sharp": in_network.sharp,
        "swing": swing,
        "bucket": bucket.bucket,
    },
    "all_gather": {
        "ring": rings.ring_all_gather,
        "bidirectional_ring": rings.bidirectional_ring_all_gather,
        "recursive_doubling": recursive.recursive_doubling_all_gather,
        "bruck": bruck.bruck_all_gather,
        "full_mesh": full_mesh.full_mesh_all_gather,
        "nhr": trees.nhr_all_gather,
        "pat": trees.pat_all_gather,
        "hierarchical": levels.hierarchical_all_gather,
        "bucket": bucket.bucket_all_gather,
    },
    "reduce_scatter": {
        "ring": rings.ring_reduce_scatter,
        "bidirectional_ring": rings.bidirectional_ring_reduce_scatter,
        "recursive_halving": recursive.recursive_halving,
        "gloo_ring": gloo_ring,
        "pairwise": pairwise.pairwise_reduce_scatter,
        "full_mesh": full_mesh.full_mesh_reduce_scatter,
        "nhr": trees.nhr_reduce_scatter,
        "pat": trees.pat_reduce_scatter,
        "hierarchical": levels.hierarchical_reduce_scatter,
        "bucket": bucket.bucket_reduce_scatter,
    },
    "all_to_all": {
        "direct": direct.direct,
        "pairwise": pairwise.pairwise,
        "pairwise_xor": pairwise.pairwise_xor,
        "bruck": bruck.bruck_all_to_all,
        "hierarchical": by_node.leader_all_to_all,
        "rail_aligned": by_node.rail_aligned_all_to_all,
    },
    "all_to_all_v": {"direct": direct.direct_v, "pairwise": pairwise.pairwise_v},
    "broadcast": {
        "binomial": binomial.binomial_broadcast,
        "scatter_ring": binomial.scatter_ring,
        "chain": chain.chain_broadcast,
        "double_binary_tree": twin.double_tree_broadcast,
        "linear": direct.linear_broadcast,
    },
    "reduce": {
        "binomial": binomial.binomial_reduce,
        "ring_gather": binomial.ring_gather,
        "chain": chain.chain_reduce,
        "double_binary_tree": twin.double_tree_reduce,
        "linear": direct.linear_reduce,
    },
    "gather": {"linear": direct.linear_gather, "binomial": binomial.binomial_gather},
    "scatter": {"linear": direct.linear_scatter, "binomial": binomial.binomial_scatter},
    "sendrecv": {"ring": direct.shift},
    "barrier": {"dissemination": barrier.dissemination, "recursive_doubling": barrier.recursive_doubling_barrier},
    "incast": {"direct": direct.incast},
    "latency": {"ping_pong": partners.ping_pong},
    "bandwidth": {"window": partners.one_way},
    "bibandwidth": {"window": partners.both_ways},
    "message_rate": {"window": partners.all_pairs},
}
"""Collective -> algorithm -> its schedule (groups, nbytes, parameters). One line per algorithm."""

RESERVED = ("root", "skew", "seed", "fan_in", "window")
"""What a builder may take from the case; never set by the text of an algorithm."""


@dataclass(frozen=True)
class Algorithm:
    """An algorithm of a collective with its parameters; text is what the user wrote, e.g. `ring:channels=8`."""

    name: str
    text: str
    build: Builder
    params: Mapping[str, int | str] = field(default_factory=dict)

    def schedule(self, groups: Groups, nbytes: int, *, root: int = 0, params: Params = NO_PARAMS) -> Schedule:
        """Return the schedule for these ranks and bytes; root and params are the case's, used where the algorithm does.

        Raises:
            InputError: a root that is no rank; parameters that are none; whatever the algorithm refuses.
        """
        if not 0 <= root < groups.world_size:
            raise InputError(f"root: must be a rank, 0 ... {groups.world_size - 1}, got {root}")
        of_case = {"root": root, **asdict(options(params))}
        taken = {key: of_case[key] for key in RESERVED if key in keywords(self.build)}
        return self.build(groups, nbytes, **self.params, **taken)


def algorithm(collective_name: str, text: str) -> Algorithm:
    """Return the algorithm named by `name` or `name:key=value,...`; InputError naming what exists."""
    known = ALGORITHMS[collective(collective_name).name]
    name, _, rest = text.partition(":")
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(f"algorithm: must be one of {', '.join(known)} for {collective_name}, got {name!r}{hint}")
    return Algorithm(name, text, known[name], _params(name, rest, known[name]))


def keywords(build: Builder) -> dict[str, str]:
    """Return the parameters of an algorithm's builder and the names of their types, those from the case included."""
    parameters = inspect.signature(build).parameters.values()
    return {p.name: str(p.annotation) for p in parameters if p.kind is p.KEYWORD_ONLY}


def _params(name: str, text: str, build: Builder) -> dict[str, int | str]:
    allowed = {key: kind for key, kind in keywords(build).items() if key not in RESERVED}
    params: dict[str, int | str] = {}
    for part in text.split(",") if text else []:
        key, _, value = part.partition("=")
        if key in RESERVED:
            raise InputError(f"{name}: {key} belongs to the case and not to the algorithm, got {part!r}")
        if key not in allowed:
            raise InputError(f"{name}: parameters are {', '.join(allowed) or 'none'}, got {key!r}")
        params[key] = value if allowed[key] == "str" else _whole(name, key, value)
    return params


def _whole(name: str, key: str, value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise InputError(f"{name}: {key} must be a whole number >= 1, got {value!r}")
    return int(value)
