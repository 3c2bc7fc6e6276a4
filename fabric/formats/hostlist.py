"""Slurm's lists of names, `rack[1-2]n[01-04],login`, to names and back. It does not know what the names stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fabric.formats.faults import fault
from fabric.text.numbers import maybe_whole

MOST = 1_000_000
"""Names that one list may stand for."""
SPLIT = re.compile(r",(?![^\[]*\])")
BRACKET = re.compile(r"([^\[\]]*)\[([^\[\]]*)\](.*)")
RANGE = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?", re.ASCII)
PLAIN = re.compile(r"[A-Za-z0-9_.:-]*")
TAIL = re.compile(r"(.*?)(\d{1,18})", re.ASCII)


def expand(text: str, where: str, line: int) -> list[str]:
    """Return the names of a list in its order; InputError where brackets or ranges are broken or a name is empty."""
    found: list[str] = []
    for item in SPLIT.split(text):
        found += _expand_one(item.strip(), text, where, line)
        if len(found) > MOST:
            raise fault(where, line, f"at most {MOST:,} names in one list", text)
    return found


def _expand_one(item: str, text: str, where: str, line: int) -> list[str]:
    match = BRACKET.fullmatch(item)
    if match is None:
        if not item or not PLAIN.fullmatch(item):
            raise fault(where, line, "a list of names such as node[01-04,7],login", text)
        return [item]
    head, ranges, rest = match.groups()
    tails = _expand_one(rest, text, where, line) if rest else [""]
    middles = [number for part in ranges.split(",") for number in _numbers(part, text, where, line)]
    if len(middles) * len(tails) > MOST or not PLAIN.fullmatch(head):
        raise fault(where, line, f"a list of at most {MOST:,} names", text)
    return [f"{head}{middle}{tail}" for middle in middles for tail in tails]


def _numbers(part: str, text: str, where: str, line: int) -> list[str]:
    match = RANGE.fullmatch(part.strip())
    if match is None:
        raise fault(where, line, "a range such as 01-04 in brackets", text)
    first, last = match[1], match[2] or match[1]
    low, high = maybe_whole(first), maybe_whole(last)
    if low is None or high is None or not 0 <= high - low < MOST:
        raise fault(where, line, f"a rising range of at most {MOST:,} names", text)
    return [str(n).zfill(len(first)) for n in range(low, high + 1)]


def compress(names: Iterable[str]) -> str:
    """Return the shortest list in which names that count up stand as ranges; expand() gives the names back in order."""
    runs: list[tuple[str, list[str]]] = []
    for name in names:
        match = TAIL.fullmatch(name)
        head, tail = match.groups() if match else (name, "")
        if runs and tail and runs[-1][0] == head and runs[-1][1] and _follows(runs[-1][1][-1], tail):
            runs[-1][1].append(tail)
        else:
            runs.append((head, [tail] if tail else []))
    return ",".join(_shown(head, tails) for head, tails in runs)


def _follows(last: str, tail: str) -> bool:
    return len(last) == len(tail) and maybe_whole(tail) == (maybe_whole(last) or 0) + 1


def _shown(head: str, tails: list[str]) -> str:
    if len(tails) < 2:
        return head + "".join(tails)
    return f"{head}[{tails[0]}-{tails[-1]}]"
