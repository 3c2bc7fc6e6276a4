"""A gate's answer as a table or as Markdown. It does not know how the pairs were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fabric.cli.output import table

COLUMNS = ("cell", "ranks", "place", "A us", "B us", "B / A - 1", "interval", "units", "verdict")


def _cells(row: Mapping[str, Any], tolerance: float) -> list[str]:
    """Return one row as text, in COLUMNS."""
    from fabric.units import show_size

    ratio, low, high = row["ratio"], row["ratio_low"], row["ratio_high"]
    bounds = f"{100 * (low - 1):+.1f} ... {100 * (high - 1):+.1f} %" if low is not None and high is not None else "-"
    verdict = f"same within {tolerance:g} %" if row["verdict"] == "same" else row["verdict"]
    if row["verdict"] == "inconclusive":
        verdict += f": about {row['more_units']} more units needed"
    if row["wrong"]:
        verdict = f"WRONG RESULTS ({row['wrong']} elements)"
    return [
        f"{row['collective']} {show_size(row['nbytes'])}",
        str(row["world_size"]),
        row["place"],
        f"{row['a_seconds'] * 1e6:.2f}",
        f"{row['b_seconds'] * 1e6:.2f}",
        f"{100 * (ratio - 1):+.1f} %" if ratio is not None else "-",
        bounds,
        str(row["units"]),
        verdict,
    ]


def _headline(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return one line: how many cells got which verdict."""
    counts = {kind: sum(row["verdict"] == kind for row in rows) for kind in ("regressed", "improved", "same", "inconclusive")}
    return f"{len(rows)} {'cell' if len(rows) == 1 else 'cells'}: " + ", ".join(
        f"{count} {kind}" for kind, count in counts.items() if count
    )


def _notes(facts: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    library = facts["context"].get("mpi_library") or facts["context"].get("source", "")
    lowest = min(row["confidence"] for row in rows)
    return [
        f"A = {facts['a']}, B = {facts['b']}; {facts['how']}; {library}",
        f"Intervals hold with {100 * lowest:.3f} % or more each, looks included; false verdicts "
        f"<= {100 * facts['false_verdicts_per_cell']:.2g} % a cell",
    ]


def show(answer: Mapping[str, Any]) -> None:
    """Print the table."""
    rows, facts = answer["rows"], answer["facts"]
    body = [_cells(row, facts["tolerance_percent"]) for row in rows]
    table(_headline(rows), COLUMNS, body, notes=_notes(facts, rows))


def markdown(answer: Mapping[str, Any]) -> str:
    """Return the answer for a job's summary page."""
    rows, facts = answer["rows"], answer["facts"]
    body = [_cells(row, facts["tolerance_percent"]) for row in rows]
    lines = [f"### fabricbench gate: {_headline(rows)}", "", "| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(cells) + " |" for cells in body]
    return "\n".join([*lines, "", *(f"{line}  " for line in _notes(facts, rows))])
