"""What things of the toolkit are called on a review's page: tiers, levels, collectives, algorithms. It draws nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fabric.report.page import labels
from fabric.report.words.review import LANGUAGES, Words
from fabric.review.evaluate import Review


def tier(name: str, words: Words) -> str:
    """Return a tier's name; as it is where it has no word."""
    return words.get(f"tier.{name}", name)


def worded(said: str, patterns: Sequence[tuple[str, str]], words: Words) -> str | None:
    """Return an English text in words by the first of (pattern, key of the words that its groups fill) that fits, else None."""
    for pattern, key in patterns:
        if found := re.fullmatch(pattern, said):
            groups = found.groupdict()
            named = {"tier": tier(groups["tier"], words)} if "tier" in groups else {}
            return words[key].format(**{**groups, **named})
    return None


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
    """Return the name of an order of ranks."""
    return words.get(f"order.{name}", name)


def glossary(review: Review, words: Words) -> str:
    """Return every term of this review that has another name in English, with that name in brackets; empty in English."""
    english = LANGUAGES["en"]
    used = [key for key in dict.fromkeys(_used(review)) if key in english and english[key] != words[key]]
    return words["and.terms"].join(words["term"].format(term=words[key], english=english[key]) for key in used)


def _used(review: Review) -> Iterator[str]:
    """Yield the keys of the terms that the page will use."""
    for design in review.designs:
        yield from (f"tier.{name}" for name in design.fabric.topology.tiers)
    yield from (f"collective.{case.collective}" for case in review.request.cases)
    for design in review.designs:
        yield from (f"algorithm.{(done.result.algorithm or '').partition(':')[0]}" for done in design.performance.timed)
