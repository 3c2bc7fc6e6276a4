"""Whether facts agree with each other and with the rules of the catalogue. It changes none.

Rules: a fact whose source has no address is weak; no figure rests on a machine-written catalogue alone; what is not found is
not there. Cross-checks: links x speed = total one way; of a full mesh per pair x (n - 1) = total; lanes x rate of PCI Express.
"""

from __future__ import annotations

from collections.abc import Iterator

from fabric.hardware.catalog import find, names, sources
from fabric.hardware.entry import KINDS, Entry
from fabric.hardware.facts import SAME
from fabric.hardware.node import node

NEVER_ALONE = ("evo",)
"""Sources that no figure may rest on alone."""


def problems() -> list[str]:
    """Return a line for every fact that breaks a rule, nothing where all keep them."""
    entries = [find(kind, name) for kind in KINDS for name in names(kind)]
    return [line for entry in entries for line in (*_of_sources(entry), *_of_links(entry))] + list(_of_nodes())


def _of_sources(entry: Entry) -> Iterator[str]:
    known = sources()
    for quantity, figure in entry.facts.items():
        at = f"{entry.name}.{quantity}"
        for fact in figure:
            if fact.source not in known:
                yield f"{at}: no source {fact.source!r}"
            elif "address" not in known[fact.source] and not fact.weak:
                yield f"{at}: {fact.source} has no address, so the fact must be weak"
        if figure[0].source in NEVER_ALONE:
            yield f"{at}: rests on {figure[0].source} alone"
    for quantity in entry.not_found:
        if quantity in entry.facts:
            yield f"{entry.name}: {quantity} is there, and said not to be found"


def _of_links(entry: Entry) -> Iterator[str]:
    """Yield where links x speed of a link is not the total, all of them as they count."""
    links, speed, total = (entry.number(f"scale_up_{what}") for what in ("links", "link_speed", "speed"))
    if links and speed and total and abs(links * speed - total) > SAME * total:
        yield f"{entry.name}: {links:g} links of {speed / 1e9:g} GB/s are not {total / 1e9:g} GB/s"


def _of_nodes() -> Iterator[str]:
    """Yield where NICs and devices of a node do not divide, where a mesh has not a link per peer, or a link is unknown."""
    known = set(names("links"))
    for one in map(node, names("nodes")):
        links = one.device.whole("scale_up_links")
        if one.graph == "full_mesh" and links and links % (one.devices - 1):
            yield f"{one.name}: {links} links do not spread over {one.devices - 1} peers"
        if one.nics and max(one.nics, one.devices) % min(one.nics, one.devices):
            yield f"{one.name}: {one.nics} NICs and {one.devices} devices do not divide"
        if one.link is not None and one.link not in known:
            yield f"{one.name}: no link {one.link!r}"
        if one.graph is None and not one.shape:
            yield f"{one.name}: must name its graph inside, or the shape that has none"
        if one.domain % one.server:
            yield f"{one.name}: a domain of {one.domain} is no number of servers of {one.server}"
