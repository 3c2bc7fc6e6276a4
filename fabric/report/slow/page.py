"""The page of what is slow: verdict, the fabric with suspects, cleared and untested parts, evidence. It searches nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fabric.report.page.html_file import asset, document
from fabric.text.escape import html as escape

ORDER = ("slow", "open", "contended", "untested", "cleared")
"""The gravest first: a part that two layers judge is drawn as the graver of the two."""
MARKS = {"slow": "✕ ", "open": "? ", "contended": "~ ", "untested": "", "cleared": "✓ "}
SAYS = {
    "slow": "✕ slow", "open": "? undecided", "contended": "~ accused, not confirmed", "untested": "untested",
    "cleared": "✓ cleared",
}  # fmt: skip
WHY = {"search": "search", "between": "between groups", "with": "confirms: with it", "without": "confirms: without it"}
MOST = 400
"""Tests of the evidence that are listed, the slowest first."""
NAMED = 12


def page(
    verdict: str, rows: Sequence[Mapping[str, Any]], context: Mapping[str, Any], then: Sequence[str], drain: Sequence[str] = ()
) -> str:
    """Return one HTML page that loads nothing. context: `nodes`, `groups` and `pairs` as drawn, `evidence`, `source`.

    then: command lines of what to run next; drain: those that take what is slow out of service.
    """
    state = states(rows)
    parts = [
        f"<h1>{escape(verdict)}</h1><p class='quiet'>{escape(_launched(context))}</p>",
        "<p>" + " ".join(f"<span class='node {key}'>{SAYS[key]}</span>" for key in ORDER) + "</p>",
        f"<h2>Where they stand</h2><div class='fabric'>{_fabric(context, state)}</div>",
        _between(context, state),
        f"<h2>Findings</h2>{_findings(rows)}",
        _differs(rows, context.get("differs", ())),
        _commands("To take it out of service", drain),
        _commands("What to run next", then),
        f"<h2>Evidence</h2>{_evidence(context['evidence'])}",
    ]
    return document(verdict, "\n".join(parts), asset("slow", "page.css"))


def states(rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Return the state of every suspect by its number, of several the gravest."""
    found: dict[int, str] = {}
    for row in rows:
        for suspect in row["suspects"]:
            found[suspect] = min(found.get(suspect, ORDER[-1]), row["state"], key=ORDER.index)
    return found


def _fabric(context: Mapping[str, Any], state: Mapping[int, str]) -> str:
    """Return nodes in the boxes of their groups, the groups of each layer in those of the next."""
    cells = {n: _part(name, state.get(n, "untested")) for n, name in enumerate(context["nodes"])}
    inner = {n: [n] for n in cells}
    first = len(cells)
    for layer in context["groups"]:
        boxes: dict[int, str] = {}
        members: dict[int, list[int]] = {}
        for number, name in enumerate(layer["names"]):
            mine = [key for key in cells if layer["group"][inner[key][0]] == number]
            boundary = first + (number if layer["boundaries"] > 1 else 0)
            lead = state.get(boundary, "untested")
            out = f"{MARKS[lead]}{escape(name)}: what leads out of it" if layer["boundaries"] else escape(name)
            head = f"<div class='out {lead if layer['boundaries'] else ''}'>{out}</div>"
            if "switch" in layer:
                own = state.get(layer["switch"] + number, "untested")
                head += f"<div class='out {own}'>{MARKS[own]}{escape(name)}: itself</div>"
            boxes[number] = f"<div class='group'>{head}{''.join(cells[key] for key in mine)}</div>"
            members[number] = [node for key in mine for node in inner[key]]
        cells, inner, first = boxes, members, first + layer["boundaries"]
    return "".join(cells.values())


def _between(context: Mapping[str, Any], state: Mapping[int, str]) -> str:
    """Return the pairs of groups that are not cleared, and how many are, layer by layer."""
    pairs = context.get("pairs", ())
    switches = sum(len(layer["names"]) for layer in context["groups"] if "switch" in layer)
    first = len(context["nodes"]) + sum(layer["boundaries"] for layer in context["groups"]) + switches
    lines = []
    for at, layer in enumerate(context["groups"]):
        own = {first + number: ends for number, (on, *ends) in enumerate(pairs) if on == at}
        left = [n for n in own if state.get(n, "untested") != "cleared"]
        shown = sorted(left, key=lambda n: ORDER.index(state.get(n, "untested")))
        parts = [_part(" | ".join(layer["names"][end] for end in own[n]), state.get(n, "untested")) for n in shown[:MOST]]
        more = f" and {len(shown) - MOST} more" if len(shown) > MOST else ""
        if own:
            count = f"<span class='quiet'>{len(own) - len(shown)} of {len(own)} cleared</span>"
            lines.append(f"<p>{' '.join(parts)}{more} {count}</p>")
    return f"<h2>Between groups</h2>{''.join(lines)}" if lines else ""


def _launched(context: Mapping[str, Any]) -> str:
    """Return what the tests were made with, and how many there are."""
    known = (
        ("launch_ranks", "{} ranks"), ("tests", "{} tests"), ("confirmations", "{} more that confirm or look for a part"),
        ("rounds", "{} rounds"), ("seconds", "{:.0f} s"), ("expected_seconds", "{:.0f} s expected"),
    )  # fmt: skip
    counts = [text.format(context[key]) for key, text in known if key in context]
    noise = [f"noise of a test {100 * context['noise']:.1f} %"] if "noise" in context else []
    return ", ".join([str(context["source"]), *counts, *noise])


def _part(name: str, state: str) -> str:
    return f"<span class='node {state}' title='{escape(SAYS[state])}'>{MARKS[state]}{escape(name)}</span>"


def _findings(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return all that is neither cleared nor untested as a table."""
    heads = ("layer", "state", "what", "name", "of it", "factor", "95 % interval", "probability", "tests")
    body = [
        (
            row["layer"], SAYS[row["state"]], row["kind"], row["name"], " ".join(map(str, row["parts"])),
            "-" if row["factor"] is None else f"{row['factor']:.2f}",
            "-" if row["low"] is None else f"{row['low']:.2f} to {row['high']:.2f}",
            f"{row['probability']:.3f}", str(row["tests"]),
        )
        for row in rows if row["state"] not in ("cleared", "untested")
    ]  # fmt: skip
    return _table(heads, body) if body else "<p>Nobody is named, nobody is undecided.</p>"


def _differs(rows: Sequence[Mapping[str, Any]], lines: Sequence[str]) -> str:
    """Return what of software and settings is not the same on all ranks, first what may be why something is slow."""
    why = [f"{row['name']}, and nobody who is not slow: {text}" for row in rows for text in row.get("differs", ())]
    items = "".join(f"<li>{escape(text)}</li>" for text in (*dict.fromkeys(why), *lines))
    return f"<h2>Not the same on all ranks</h2><ul>{items}</ul>" if items else ""


def _commands(head: str, lines: Sequence[str]) -> str:
    return f"<h2>{head}</h2><pre>{escape(chr(10).join(lines))}</pre>" if lines else ""


def _evidence(tests: Sequence[Mapping[str, Any]]) -> str:
    """Return the tests, the slowest first."""
    order = sorted(tests, key=_graveness)[:MOST]
    body = [(one["layer"], *_why(one), _names(one["nodes"]), str(one["times"]), _factor(one["factor"])) for one in order]
    more = f"<p class='quiet'>{len(tests) - MOST} faster ones are not listed.</p>" if len(tests) > MOST else ""
    return _table(("layer", "why", "round", "nodes", "times", "its time / a healthy group's"), body) + more


def _graveness(one: Mapping[str, Any]) -> tuple[bool, float]:
    return one["factor"] is not None, -(one["factor"] or 0.0)


def _why(one: Mapping[str, Any]) -> tuple[str, str]:
    """Return why a test was asked, in words, and its round."""
    rail = one.get("rail")
    part = "its devices alone" if one.get("inside") else f"rail {rail} alone" if rail is not None else ""
    return part or WHY.get(one["why"], one["why"]), str(one.get("round", "-"))


def _factor(value: float | None) -> str:
    return "never ended" if value is None else f"{value:.3f}"


def _names(nodes: Sequence[str]) -> str:
    return ", ".join(nodes[:NAMED]) + (f" ... ({len(nodes)})" if len(nodes) > NAMED else "")


def _table(heads: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in body)
    return f"<div class='wide'><table><tr>{head}</tr>{rows}</table></div>"
