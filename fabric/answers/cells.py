"""Texts in the cells of tables that several verbs show. It knows no verb, result or fabric."""

from __future__ import annotations


def percent(value: float | None, sign: str = "") -> str:
    """Return a share as `12.3 %`, `-` where it is not known; sign: `+` shows the sign of what is above zero too."""
    return "-" if value is None else f"{100 * value:{sign}.1f} %"
