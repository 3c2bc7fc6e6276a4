"""The page of a design review: one HTML file that loads nothing from elsewhere. It works nothing out but the sliders' grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fabric.report.page import labels
from fabric.report.page.html_file import asset, document, figure, save
from fabric.report.review import bills, details, drawings, material, resilience, tables
from fabric.report.review import charts as review_charts
from fabric.report.review import names as review_names
from fabric.report.review.assumed import assumed
from fabric.report.review.grid import Grid, grid
from fabric.report.review.html import bullets, note, section
from fabric.report.review.marks import colours, finished
from fabric.report.review.sentences import leading, sentence, sources
from fabric.report.words.review import Words, words
from fabric.review.evaluate import Review
from fabric.review.finding import Finding
from fabric.review.verdict import verdict
from fabric.text.escape import html as escape

Specs = Mapping[str, dict[str, Any]]
HTML_LANG = {"zh": "zh-Hans"}
SLIDERS = ("allocation", "scale", "energy")


def write(review: Review, path: Path, lang: str = "en") -> None:
    """Write the page; the same review gives the same bytes.

    Raises:
        InputError: an unknown language, or a file that cannot be written.
    """
    save(path, html(review, lang).encode())


def html(review: Review, lang: str = "en") -> str:
    """Return the page; InputError for an unknown language."""
    own, costs = words(lang), grid(review.designs)
    charts = review_charts.draw(review.designs, costs, own)
    specs = {drawn.key: finished(drawn) for drawn in charts}
    figures = {drawn.key: figure(drawn, specs[drawn.key]) for drawn in charts}
    sections = _sections(review, costs, figures, own) if review.designs else []
    body = "\n".join(part for part in (_top(review, own), *sections) if part)
    css, js = asset("review", "page.css"), asset("review", "page.js")
    return document(review.request.title, body, css, js, _data(specs, costs, own), lang=HTML_LANG.get(lang, lang))


def _data(specs: Specs, costs: Grid | None, own: Words) -> dict[str, Any]:
    """Return what the script reads."""
    said = {
        "range": own["range"], "hour": own["money.hour"], "energy": own["slider.energy.unit"], "failed": own["chart.failed"],
        "allocated": own["slider.allocation.value"], "tie": own["tie"],
    }  # fmt: skip
    return {"specs": specs, "grid": costs.content() if costs else None, "say": said}


def _top(review: Review, own: Words) -> str:
    """Return title and verdict."""
    lead = own["lead"].format(candidates=len(review.request.candidates), refused=len(review.refused))
    found = verdict(review)
    first = leading(found)
    rest = _findings([one for one in found if one not in first], ("decision", "change"), own)
    more = f"<details><summary>{escape(own['heading.rest'])}</summary>{rest}</details>" if rest else ""
    told = section("verdict", own["section.verdict"], [_findings(first, ("decision", "change"), own), more])
    named = review_names.glossary(review, own)
    terms = note(own["terms"].format(terms=named)) if named else ""
    heading = f'<p class="kind">{escape(own["title.kind"])}</p>\n<h1>{escape(review.request.title)}</h1>'
    return "\n".join(part for part in (heading, note(lead), terms, told) if part)


def _sections(review: Review, costs: Grid | None, figures: Mapping[str, str], own: Words) -> Iterator[str]:
    """Yield what follows the verdict, in the order of the page."""
    designs = review.designs
    no_spans = "" if "tornado" in figures or not costs else note(own["note.no_spans"])
    told = _findings(verdict(review), ("assumed",), own)
    parts = {
        "drawings": drawings.drawings(designs, own),
        "compare": [*tables.compare(review, own), _of(figures, "material")],
        "cost": [*_cost(review, costs, own), _of(figures, "cost", "tornado"), no_spans],
        "performance": [_of(figures, "times"), *details.performance(designs, own), _of(figures, "efficiency")],
        "resilience": [*resilience.resilience(designs, own), _of(figures, "damage")],
        "ceiling": [*details.ceiling(designs, own), _of(figures, "ceiling")],
        "growth": [*details.growth(designs, own), _of(figures, "growth")],
        "limits": details.limits(review, own),
        "material": material.material(designs, own),
        "bills": bills.bills(designs, own),
        "sources": bills.sources(designs, own),
        "assumed": [told, bullets(assumed(review, own))],
    }
    made = {key: section(key, own[f"section.{key}"], inner) for key, inner in parts.items()}
    yield _contents([key for key, inner in made.items() if inner], own)
    yield _legend(tables.names_of(designs), own)
    yield from made.values()


def _contents(keys: Sequence[str], own: Words) -> str:
    """Return a link to every section."""
    links = " ".join(f'<a href="#{key}">{escape(own[f"section.{key}"])}</a>' for key in keys)
    return f"<nav>{links}</nav>"


def _of(figures: Mapping[str, str], *keys: str) -> str:
    """Return those of these charts that were drawn."""
    return "\n".join(figures[key] for key in keys if key in figures)


def _findings(findings: Sequence[Finding], about: Sequence[str], own: Words) -> str:
    """Return sentences with the sources of their numbers."""
    chosen = [finding for finding in findings if finding.about in about]
    items = "".join(
        f'<li>{escape(sentence(finding, own))}<span class="from">{escape(sources(finding, own))}</span></li>'
        for finding in chosen
    )
    return f"<ul>{items}</ul>" if items else ""


def _legend(names: Sequence[str], own: Words) -> str:
    """Return a button per candidate, which highlights it everywhere."""
    chips = zip(names, colours(names), strict=True)
    buttons = "".join(
        f'<button type="button" class="plain" data-pick="{escape(name)}" aria-pressed="false">'
        f'<span class="chip" style="background:{colour}"></span>{escape(name)}</button>'
        for name, colour in chips
    )
    everyone = f'<button type="button" class="plain" data-pick="" aria-pressed="true">{escape(own["pick.none"])}</button>'
    return f'<div class="legend">{escape(own["pick"])} {everyone}{buttons}</div>'


def _cost(review: Review, costs: Grid | None, own: Words) -> list[str]:
    """Return the inputs, the sliders and the table that they change."""
    if costs is None:
        return [note(own["note.no_cost"])]
    sliders = "\n".join(
        _slider(name, values, start, _shown(name, values[start], costs, own), own)
        for name, values, start in zip(SLIDERS, (costs.allocations, costs.scales, costs.energies), costs.start, strict=True)
    )
    here = [costs.at(number, costs.start) for number in range(len(costs.candidates))]
    reset = f'<button type="button" class="plain" id="reset">{escape(own["slider.reset"])}</button>'
    table = tables.cost_table(costs.candidates, here, own)
    told = note(own["note.sliders"].format(computing=labels.percent(costs.computing)), "screen")
    return [*tables.inputs_table(review, own), told, f'<div class="controls">{sliders}</div>', reset, table]


def _shown(name: str, value: float, costs: Grid, own: Words) -> str:
    """Return a slider's value as the page's script writes it."""
    if name == "energy":
        return own["slider.energy.unit"].format(value=f"{value:g}")
    if name == "scale":
        return _percent(value)
    return own["slider.allocation.value"].format(allocated=_percent(value), busy=_percent(min(1.0, value * costs.computing)))


def _percent(value: float) -> str:
    return f"{round(100 * value, 2):g} %"


def _slider(name: str, values: Sequence[float], start: int, text: str, own: Words) -> str:
    return (
        f'<label for="slider-{name}">{escape(own[f"slider.{name}"])}: <output id="slider-{name}-value">{escape(text)}</output>'
        f'<input type="range" id="slider-{name}" min="0" max="{len(values) - 1}" step="1" value="{start}" autocomplete="off" '
        f'aria-valuetext="{escape(text)}"></label>'
    )
