"""A gate's answer as Markdown, for a job's summary page. It does not know how the pairs were measured."""

from __future__ import annotations

from fabric.answers.answer import Answer
from fabric.answers.gate import GateCell
from fabric.text.escape import markdown_cell, terminal


def markdown(answer: Answer[GateCell]) -> str:
    """Return the answer for a job's summary page."""
    (part,) = answer.tables()
    columns = answer.view.picked(part.keys)
    heads = [column.head or column.key for column in columns]
    lines = [f"### fabricbench gate: {terminal(part.title)}", "", "| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    lines += ["| " + " | ".join(markdown_cell(column.text(cell)) for column in columns) + " |" for cell in part.facts]
    return "\n".join([*lines, "", *(f"{terminal(line)}  " for line in part.notes)])
