"""Folded Clos of any height and oversubscription, ragged at its end. It does not know rails, speeds or routes.

A switch of R ports (radix) with oversubscription o, below the top tier:
    ports down = floor(R o / (o + 1)); ports up = floor(down / o); the other R - down - up stay unused.
    leaves = ceil(endpoints / down of a leaf), the last one partly filled.
Two tiers: spines = the smallest S >= leaves * up / R that divides a leaf's ports up, so that leaves stripe evenly.
Three tiers: pods of as many leaves as a spine has ports down, one spine per leaf uplink (in the last pod too);
    spine s of every pod stripes evenly over core group s;
    cores per group = the smallest c >= pods * up / R that divides a spine's ports up (pods / 2 without oversubscription).
More tiers repeat the rule: t tiers carry (product of the ports down of the tiers below the top) * R endpoints.
It is the ragged PGFT with m = (down, ..., down, pods), w = (1, up, ..., up, c), p = (1, ..., 1, up / c).
Sources: Clos, "A study of non-blocking switching networks", 1953, folded; even striping as in NVIDIA's SuperPOD tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from math import floor, prod

from topologies.base import Topology, check_size, check_whole
from topologies.errors import InputError
from topologies.pgft import MOST_TIERS, Tree, build_tree

FAMILY = "clos"
RATIO = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
Ratios = tuple[Fraction, ...]


def clos(radix: int, endpoints: int, tiers: int = 0, oversubscription: str = "1") -> Topology:
    """Return the Clos of `endpoints` devices on switches of `radix` ports.

    tiers: 2 or more; 0 takes the fewest that suffice. oversubscription: ports down over ports up of a leaf, the tiers above
    have none; `2/1` names every tier below the top, leaf first; decimals and values below 1 (more up than down) are fine.

    Raises:
        InputError: a malformed value, a radix too small for its oversubscription, or a size that so many tiers cannot
            carry (nearest sizes named).
    """
    if tiers != 0 and not 2 <= tiers <= MOST_TIERS:
        raise InputError(f"{FAMILY}: tiers must be from 2 to {MOST_TIERS}, or 0 (as many as it takes), got {tiers}")
    tree = clos_tree(FAMILY, radix, endpoints, tiers, oversubscription)
    params: dict[str, object] = {"radix": radix, "endpoints": endpoints}
    params |= ({"tiers": tiers} if tiers else {}) | named_oversubscription(oversubscription)
    return build_tree(FAMILY, params, tree)


def clos_tree(
    family: str,
    radix: int,
    endpoints: int,
    tiers: int = 0,
    oversubscription: str = "1",
    *,
    size: str = "endpoints",
    least: int = 2,
) -> Tree:
    """Return the tree of a Clos. size: what the family calls its endpoints. least: the fewest tiers that tiers=0 takes.

    Raises:
        InputError: as clos does, in the name of the family.
    """
    check_whole(family, least=2, radix=radix)
    check_whole(family, **{size: endpoints})
    check_size(family, endpoints)
    ratios = _ratios(family, str(oversubscription))
    depth = tiers or _fewest_tiers(radix, endpoints, ratios, least)
    if len(ratios) > 1 and depth != len(ratios) + 1:
        raise InputError(f"{family}: oversubscription={oversubscription} is for tiers={len(ratios) + 1}, got tiers={tiers}")
    per_tier = _per_tier(ratios, depth)
    _check_ports(family, radix, per_tier, oversubscription)
    if endpoints > most_endpoints(radix, per_tier):
        raise InputError(_refusal(family, radix, endpoints, ratios, depth, size))
    return _tree(family, radix, endpoints, per_tier)


def named_oversubscription(oversubscription: str) -> dict[str, object]:
    """Return the parameter for the short form, nothing for the default; Python callers may pass a number."""
    text = str(oversubscription)
    return {} if text == "1" else {"oversubscription": text}


def ports(radix: int, ratio: Fraction) -> tuple[int, int]:
    """Return a switch's ports down and up: floor(R o / (o + 1)), floor(down / o)."""
    down = floor(radix * ratio / (ratio + 1))
    return down, floor(down / ratio)


def most_endpoints(radix: int, ratios: Ratios) -> int:
    """Return how many endpoints the tiers carry; ratios: one per tier below the top."""
    return radix * prod(ports(radix, ratio)[0] for ratio in ratios)


def _tree(family: str, radix: int, endpoints: int, ratios: Ratios) -> Tree:
    """Return the tree with the top tier striped evenly; a single switch where there is no tier below the top."""
    if not ratios:
        return Tree(endpoints, (radix,), (1,), (1,))
    split = [ports(radix, ratio) for ratio in ratios]
    downs, ups = tuple(down for down, _ in split), tuple(up for _, up in split)
    pods = -(-endpoints // prod(downs))
    check_size(family, endpoints + -(-endpoints // downs[0]) * ups[0])
    top = next(c for c in range(-(-pods * ups[-1] // radix), ups[-1] + 1) if ups[-1] % c == 0)
    parallel = (*(1 for _ in ratios), ups[-1] // top)
    return Tree(endpoints, (*downs, pods), (1, *ups[:-1], top), parallel)


def _ratios(family: str, text: str) -> Ratios:
    """Return the oversubscription per tier that the text names, the leaf's first."""
    parts = text.split("/")
    if not all(RATIO.fullmatch(part) for part in parts) or not all(Fraction(part) for part in parts):
        raise InputError(f"{family}: oversubscription must be a number > 0, or one per tier as 2/1, got {text!r}")
    return tuple(Fraction(part) for part in parts)


def _per_tier(ratios: Ratios, tiers: int) -> Ratios:
    """Return one ratio per tier below the top: those given, then 1."""
    return (*ratios, *(Fraction(1) for _ in range(tiers)))[: tiers - 1]


def _fewest_tiers(radix: int, endpoints: int, ratios: Ratios, least: int) -> int:
    """Return the fewest tiers that carry the endpoints, MOST_TIERS where none do."""
    if len(ratios) > 1:
        return len(ratios) + 1
    enough = (t for t in range(least, MOST_TIERS) if most_endpoints(radix, _per_tier(ratios, t)) >= endpoints)
    return next(enough, MOST_TIERS)


def _check_ports(family: str, radix: int, ratios: Ratios, text: str) -> None:
    """Refuse a radix that leaves a tier without a port down or up.

    Raises:
        InputError: with the smallest radix that does.
    """

    def wired(radix: int) -> bool:
        return all(min(ports(radix, ratio)) >= 1 for ratio in ratios)

    if not wired(radix):
        raise InputError(
            f"{family}: radix={radix} with oversubscription={text} leaves a switch without a port down or up; "
            f"the smallest radix is {_smallest(wired)}"
        )


def _refusal(family: str, radix: int, endpoints: int, ratios: Ratios, tiers: int, size: str) -> str:
    """Return why the tiers cannot carry the endpoints, and the nearest sizes that can be built."""
    per_tier = _per_tier(ratios, tiers)
    most = most_endpoints(radix, per_tier)
    nearest = [f"{size}={most}", f"radix={_smallest(lambda r: most_endpoints(r, per_tier) >= endpoints)}"]
    if len(ratios) == 1 and tiers < MOST_TIERS and most_endpoints(radix, _per_tier(ratios, tiers + 1)) >= endpoints:
        nearest.append(f"tiers={tiers + 1}")
    return (
        f"{family}: {size}={endpoints} is more than {tiers} tier{'s' if tiers > 1 else ''} of {radix} ports carry ({most}); "
        f"the nearest that can be built: {' or '.join(nearest)}"
    )


def _smallest(holds: Callable[[int], bool]) -> int:
    """Return the smallest radix for which a rule holds that holds for all larger ones too."""
    high = 2
    while not holds(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
