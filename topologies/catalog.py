"""The families by name, and short forms such as `fat_tree:k=8`. It does not know speeds: fabric adds its own keys.

A family is one function; its parameters, their types and defaults are read from its signature.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from topologies.bcube import bcube
from topologies.clos import clos
from topologies.dcell import dcell
from topologies.de_bruijn import de_bruijn
from topologies.dragonfly import dragonfly
from topologies.dragonfly_plus import dragonfly_plus
from topologies.dual_tor import dual_tor
from topologies.edge_list import edge_list
from topologies.errors import InputError
from topologies.fat_tree import fat_tree
from topologies.full_mesh import full_mesh
from topologies.guess import did_you_mean
from topologies.hamming_mesh import hamming_mesh
from topologies.hypercube import hypercube
from topologies.hyperx import hyperx
from topologies.jellyfish import jellyfish
from topologies.leaf_spine import leaf_spine
from topologies.local import local
from topologies.multi_plane import multi_plane
from topologies.nics import share_nics
from topologies.pgft import pgft
from topologies.polarfly import polarfly
from topologies.rail_only import rail_only
from topologies.rail_optimized import rail_optimized
from topologies.ring import ring
from topologies.scale_up import add_scale_up
from topologies.slim_fly import slim_fly
from topologies.star import star
from topologies.torus import torus
from topologies.twisted_torus import twisted_torus
from topologies.xpander import xpander
from topologies.zcube import zcube

if TYPE_CHECKING:
    from topologies.base import Topology

FAMILIES: Mapping[str, Callable[..., Topology]] = {
    "bcube": bcube,
    "clos": clos,
    "dcell": dcell,
    "de_bruijn": de_bruijn,
    "dragonfly": dragonfly,
    "dragonfly_plus": dragonfly_plus,
    "dual_tor": dual_tor,
    "edge_list": edge_list,
    "fat_tree": fat_tree,
    "full_mesh": full_mesh,
    "hamming_mesh": hamming_mesh,
    "hypercube": hypercube,
    "hyperx": hyperx,
    "jellyfish": jellyfish,
    "leaf_spine": leaf_spine,
    "local": local,
    "multi_plane": multi_plane,
    "pgft": pgft,
    "polarfly": polarfly,
    "rail_only": rail_only,
    "rail_optimized": rail_optimized,
    "ring": ring,
    "slim_fly": slim_fly,
    "star": star,
    "torus": torus,
    "twisted_torus": twisted_torus,
    "xpander": xpander,
    "zcube": zcube,
}
GENERIC = ("devices_per_nic", "devices_per_node", "scale_up", "domain")
"""Parameters of every family: devices that share a NIC, how devices are grouped into nodes, what graph is inside, and devices
that share one graph."""
WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


def parse(spec: str) -> Topology:
    """Return the topology of a short form: `family:key=value,key=value` or `family` alone.

    Raises:
        InputError: whatever split_spec, build or the family refuses.
    """
    return build(*split_spec(spec))


def split_spec(spec: str) -> tuple[str, dict[str, str]]:
    """Return the family and the parameters of a short form, both as text, not yet looked up.

    Raises:
        InputError: malformed text, or a key given twice.
    """
    family, colon, rest = (part.strip() for part in spec.partition(":"))
    params: dict[str, str] = {}
    for item in rest.split(",") if colon else []:
        key, equals, value = (part.strip() for part in item.partition("="))
        if not (family and key and equals and value):
            raise InputError(f"topology: {spec!r} is not of the form family:key=value,key=value")
        if key in params:
            raise InputError(f"{family}: {key} is given twice, as {params[key]!r} and as {value!r}")
        params[key] = value
    if not family:
        raise InputError(f"topology: {spec!r} names no family; {_existing(FAMILIES)}")
    return family, params


def build(family: str, params: Mapping[str, str]) -> Topology:
    """Return the topology of a family with parameters as text; those that are not given take the family's defaults.

    Raises:
        InputError: unknown family or parameter, one that is missing or no whole number, or what the family refuses.
    """
    if family not in FAMILIES:
        raise InputError(f"topology: unknown family {family!r}{did_you_mean(family, FAMILIES)}; {_existing(FAMILIES)}")
    expected = inspect.signature(FAMILIES[family]).parameters
    known = [*expected, *GENERIC]
    for key in params:
        if key not in known:
            raise InputError(f"{family}: unknown parameter {key!r}{did_you_mean(key, known)}; {_existing(known)}")
    for key, parameter in expected.items():
        if parameter.default is parameter.empty and key not in params:
            raise InputError(f"{family}: {key} is missing; {_usage(family, expected)}")
    own = {key: _value(family, key, text, expected[key]) for key, text in params.items() if key in expected}
    topology = FAMILIES[family](**own)
    text = params.get("devices_per_node")
    if params.get("devices_per_nic", "1") != "1":
        each = _whole(family, "devices_per_nic", params["devices_per_nic"])
        topology = share_nics(topology, each, each if text is None else _whole(family, "devices_per_node", text))
    per_node = topology.devices_per_node if text is None else _whole(family, "devices_per_node", text)
    domain = _whole(family, "domain", params["domain"]) if "domain" in params else None
    return add_scale_up(topology, params.get("scale_up", "none"), per_node, domain)


def _value(family: str, key: str, text: str, parameter: inspect.Parameter) -> int | str:
    """Return the text as the type the family's signature asks for."""
    return text if parameter.annotation in (str, "str") else _whole(family, key, text)


def _whole(family: str, key: str, text: str) -> int:
    """Return the text as a whole number."""
    if not WHOLE.fullmatch(text):
        raise InputError(f"{family}: {key} must be a whole number, got {text!r}")
    return int(text)


def _usage(family: str, expected: Mapping[str, inspect.Parameter]) -> str:
    """Return how the family is written, required parameters only."""
    required = [key for key, parameter in expected.items() if parameter.default is parameter.empty]
    return f"write {family}:{','.join(f'{key}=N' for key in required)}"


def _existing(known: Iterable[str]) -> str:
    """Return what exists, as the end of a message."""
    return f"there are: {', '.join(known)}"
