"""The findings of a verdict as sentences of a language, each with where its numbers come from. It finds nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.report.review import names
from fabric.report.words.review import Words
from fabric.review.finding import Figure, Finding, Value

AMOUNTS = {
    "power": (1e-6, ",.2f", " MW"), "budget": (1.0, ",.0f", " USD"), "racks": (1.0, ",.0f", " racks"),
    "efficiency": (1.0, ".1%", ""),
}  # fmt: skip
"""Limit -> scale, form and unit of what is taken and allowed."""
FIGURES = {
    "usd_per_hour": (1.0, ".3f", " USD"), "usd": (1e-6, ",.1f", " M USD"), "watts": (1e-6, ",.2f", " MW"),
    "share": (1.0, ".1%", ""), "ratio": (1.0, ".2f", " x"), "devices": (1.0, ",.0f", ""),
}  # fmt: skip
"""Unit of a figure -> scale, form and unit."""
OF_LIMIT = ("taken", "low", "high", "allowed")
"""Values of a finding about a limit that are in the limit's unit."""
LEADING = 3
"""Sentences that stand before all others."""
Form = tuple[float, str, str]


def sentence(finding: Finding, words: Words) -> str:
    """Return a finding's sentence."""
    said = {key: _said(finding, key, value, words) for key, value in finding.values.items()}
    return words[f"verdict.{finding.kind}"].format(**said)


def sources(finding: Finding, words: Words) -> str:
    """Return where a finding's numbers come from."""
    return "; ".join(words[f"from.{source}"] for source in finding.sources)


def leading(findings: Sequence[Finding]) -> list[Finding]:
    """Return the three that say most: what is decided in two, and what would change it most; fewer where there are fewer."""
    decided, changing = ([one for one in findings if one.about == about] for about in ("decision", "change"))
    return [*decided[: LEADING - len(changing[:1])], *changing[:1]]


def by_heading(findings: Sequence[Finding], words: Words) -> Iterator[tuple[str, list[Finding]]]:
    """Yield every heading that has findings, with them."""
    for about in ("decision", "change", "assumed"):
        own = [finding for finding in findings if finding.about == about]
        if own:
            yield words[f"heading.{about}"], own


def _said(finding: Finding, key: str, value: Value, words: Words) -> str | float:
    """Return a value as its sentence takes it: names in the language, ranges with their units, plain numbers as they are."""
    if isinstance(value, Figure):
        return _span(value.low, value.high, FIGURES[value.unit])
    if isinstance(value, tuple):
        separator = "; " if key == "figures" else ", "
        return separator.join(one if isinstance(one, str) else _named(one) for one in value)
    if key == "limit":
        return words[f"binding.{value}"]
    if key == "collective":
        return names.collective(str(value), words)
    if "limit" in finding.values and key in OF_LIMIT and not isinstance(value, str):
        return _span(value, value, AMOUNTS[str(finding.values["limit"])])
    return value


def _named(figure: Figure) -> str:
    """Return a name with its range in brackets; where a value was taken against the range, that before it."""
    if figure.value is not None:
        return f"{figure.name} {figure.value:,g} ({figure.low:,g} - {figure.high:,g})"
    return f"{figure.name} ({_span(figure.low, figure.high, FIGURES[figure.unit])})"


def _span(low: float, high: float, form: Form) -> str:
    """Return a range, or one number where its ends are the same."""
    scale, shown, unit = form
    ends = dict.fromkeys((low, high))
    return "-".join(format(end * scale, shown) for end in ends) + unit
