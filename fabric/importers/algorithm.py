"""The algorithm that a log says NCCL was told to run, whatever tool wrote the log. It reads no times."""

from __future__ import annotations

import re

STATED = re.compile(
    r"^\s*#\s*algorithm\s*:\s*(\S+)|\bNCCL_ALGO set by environment to (\S+?)\.?\s*$",
    re.MULTILINE,
)
"""A line of ours, else NCCL's own at NCCL_DEBUG=INFO (as shown in NVIDIA/nccl #1584, read 2026-11-29)."""


def stated(text: str) -> str:
    """Return the first algorithm that a log states, in small letters; empty where it states none."""
    found = STATED.search(text)
    return (found[1] or found[2]).lower() if found else ""
