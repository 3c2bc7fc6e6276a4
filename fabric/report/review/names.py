"""What things of the toolkit are called on a review's page: tiers, levels, collectives, algorithms. It draws nothing."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.report.page import labels
from fabric.report.words.review import LANGUAGES, Words
from fabric.review.bill import Length, Line
from fabric.review.evaluate import Review
from fabric.review.losses import AT_ONCE, Event

SWITCH = "switch"
"""The one tier of a family without tiers."""


def tier(name: str, words: Words) -> str:
    """Return a tier's name; as it is where it has no word."""
    return words.get(f"tier.{name}", name)


def failed(event: Event, words: Words) -> str:
    """Return what failed: a kind of thing that is drawn, or what was lost at once with how much went with it."""
    if event.kind not in AT_ONCE:
        return words[f"damage.{event.kind}"]
    return words[f"gone.{_gone(event)}"].format(
        tier=tier(event.tier or "", words), number=event.number, switches=f"{event.switches:,}", nodes=f"{event.nodes:,}"
    )


def _gone(event: Event) -> str:
    """Return the key of the words for a loss as a whole."""
    if event.kind == "drain":
        return "switch" if event.tier == SWITCH else "tier"
    if event.kind == "compute_rack":
        return "both" if event.switches else "nodes"
    return "rack" if event.kind == "network_rack" else event.kind


def place(line: Line, words: Words) -> str:
    """Return where a line of a bill stands: a tier's switches, a level and class of length, NICs or nodes."""
    if line.tier is not None:
        return words["kind.switch"] if line.tier == SWITCH else words["bill.switches"].format(tier=tier(line.tier, words))
    if line.level is not None and line.length is not None:
        return words["bill.links"].format(level=level(line.level, words), length=length(line.length, words))
    return words["bill.nics" if line.part.kind == "nic" else "bill.nodes"]


def length(of: Length, words: Words) -> str:
    """Return a class of cable length."""
    if of.up_to is None:
        return words["length.over"].format(metres=of.over)
    return words["length"].format(metres=f"{of.over}-{of.up_to}")


def level(name: str, words: Words) -> str:
    """Return what the cables between two tiers are called: `host-leaf` is between hosts and leaves."""
    if own := words.get(f"level.{name}"):
        return own
    low, dash, high = name.partition("-")
    return words["level.between"].format(low=tier(low, words), high=tier(high, words)) if dash else name


def collective(name: str, words: Words) -> str:
    """Return a collective's name."""
    return words.get(f"collective.{name}", name.replace("_", "-"))


def algorithm(text: str, words: Words) -> str:
    """Return an algorithm's name with its parameters: `ring:channels=8` -> `ring, 8 channels`."""
    name, _, params = text.partition(":")
    parts = [_param(one, words) for one in params.split(",") if one]
    return words["and.terms"].join([words.get(f"algorithm.{name}", labels.algorithm(name)), *parts])


def _param(text: str, words: Words) -> str:
    name, _, value = text.partition("=")
    return words["channels"].format(count=value) if name == "channels" else text


def order(name: str, words: Words) -> str:
    """Return the name of an order of ranks, with its step or seed where it has one."""
    kind, colon, argument = name.partition(":")
    return f"{words.get(f'order.{kind}', kind)}{colon}{argument}"


def glossary(review: Review, words: Words) -> str:
    """Return every term of this review that has another name in English, with that name in brackets; empty in English."""
    english = LANGUAGES["en"]
    used = [key for key in dict.fromkeys(_used(review)) if key in english and english[key] != words[key]]
    return words["and.terms"].join(words["term"].format(term=words[key], english=english[key]) for key in used)


def _used(review: Review) -> Iterator[str]:
    """Yield the keys of the terms that the page will use."""
    for design in review.designs:
        yield from (f"tier.{name}" for name in design.fabric.topology.tiers)
    for design in review.designs:
        yield from (f"collective.{done.text.collective}" for done in design.performance.timed)
    for design in review.designs:
        yield from (f"algorithm.{(done.result.algorithm or '').partition(':')[0]}" for done in design.performance.timed)
