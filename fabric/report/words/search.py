"""The words of a search for designs, in English: how two differ, why some are refused. It knows no table and no layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fabric.search.search import Difference, Refusal

REFUSED: Mapping[str, str] = {
    "wiring": "no wiring of that size from these ports, tiers and ratios",
    "way": "devices that cannot reach each other",
    "switch": "no listed switch is large or fast enough",
    "link": "no listed link is fast or long enough",
}
"""Kind of refusal -> its words, without the numbers that differ from design to design."""


def refusal(one: Refusal) -> str:
    """Return why designs of a family are refused; of no known kind the first one's own line."""
    return f"{one.family}: {REFUSED[one.kind]}" if one.kind in REFUSED else one.why


def differences(found: Sequence[Difference]) -> str:
    """Return how a design differs from another, axis by axis, such as `+3.0 % time, -12.0 % cost`."""
    return ", ".join(map(_difference, found)) or "the same on every axis"


def _difference(one: Difference) -> str:
    return f"{one.axis} {one.value:.3g} against 0" if one.share is None else f"{one.share * 100:+.1f} % {one.axis}"
