"""What launchers, log collectors, terminals and editors put around a tool's lines, taken off. It knows no tool.

The line that heads a table (its sign) is known wherever it stands. What stands before it is the file's prefix: with its
numbers and times left open it is taken off every line. Line numbers stay; what is not certain stays as it is, for the
reader to leave out.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from fabric.importers.table import is_row
from fabric.records.screen import Finding

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Colours and titles of terminals (ECMA-48)."""
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
"""What no line of a table holds, and no message may repeat."""
TAG = re.compile(r"\[(?:[^\]\s@]{1,80}@)?\d+,\d+\]<std\w{2,4}>:")
"""`[1,0]<stdout>:`, `[prterun-host-7@1,0]<stdout>:` (Open MPI, PRRTE): put before each piece that a process writes."""
TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[ ]?[+-]\d\d:?\d\d)?|\d{4}[-/]\d\d[-/]\d\d|\d\d?:\d\d:\d\d(?:[.,]\d+)?"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b"
)
PIECES = re.compile(rf"({TIME.pattern}|\d+|\s+)")
GLUED = re.compile(r"(\s*)\d{1,18}(?=[^\s\d])")
"""Blanks and digits to which text is glued: a row's beginning, or a host's name."""
LONGEST = 200
"""Characters of a prefix: more is prose."""
FEWEST_LINES = 3
"""Lines that a writer of a table has at least: header, units or list, one row."""
UNLABELLED = "left out: lines without the prefix of their table's, which begin with a number"


@dataclass(frozen=True)
class Stream:
    """One writer's lines, all others empty, and what was left out of them."""

    text: str
    findings: tuple[Finding, ...] = ()


def streams(text: str, sign: re.Pattern[str]) -> list[Stream]:
    """Return the text's writers, without prefixes, tags and escapes: one, or several that each printed a table.

    sign: matches the line that heads a table, from its first character on, wherever it stands in the line. Writers are
    told apart by what their prefixes say besides times, where every header's own prefix is on lines of its own too.
    """
    written = text.splitlines(keepends=True)
    bare = [_bare(line) for line in written]
    heads = dict.fromkeys(prefix for line in bare if (prefix := _prefix(line, sign)))
    patterns = sorted({_pattern(head) for head in heads}, key=len, reverse=True)
    labels = [_label(line, patterns) for line in bare]
    own = [label[1] for label in labels]
    keys = list(dict.fromkeys(_key(head) for head in heads))
    ends = [line[len(line.rstrip("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")) :] and "\n" for line in written]
    if not _are_writers(keys, labels):
        return [_stream([content for content, _ in labels], own, ends)]
    return [_stream([_only(label, key) for label in labels], own, ends) for key in keys]


def _bare(line: str) -> str:
    """Return a line without escapes, its blanks and # plain; tags inside it are gone where a blank stands beside them."""
    bare = CONTROLS.sub("", ESCAPES.sub("", line)).rstrip().replace("\u00a0", " ").replace("\\#", "#").replace("\ufeff", "")
    return _without_tags(bare, TAG)


def _are_writers(keys: Sequence[str | None], labels: Sequence[tuple[str, str | None]]) -> bool:
    """Whether prefixes name several writers: each key of a header is on lines enough, and no row has another key."""
    counted = Counter(_key(prefix) for _, prefix in labels)
    rows = {_key(prefix) for content, prefix in labels if prefix is not None and is_row(content)}
    return len(keys) > 1 and all(counted[key] >= FEWEST_LINES for key in keys) and rows <= set(keys)


def _without_tags(line: str, tag: re.Pattern[str]) -> str:
    """Return a line without the tags inside it; one glued to text on both sides may stand in a number, and stays."""

    def blank(found: re.Match[str]) -> str:
        before, after = line[: found.start()], line[found.end() :]
        free = before.strip() and (before[-1:].isspace() or after[:1].isspace() or not after)
        return " " if free else found[0]

    return tag.sub(blank, line)


def _prefix(line: str, sign: re.Pattern[str]) -> str | None:
    """Return what stands before a table's sign, None where the line has none or nothing but blanks before it."""
    found = sign.search(line)
    before = line[: found.start()] if found else ""
    return before if before.strip() and len(before) <= LONGEST else None


@cache
def _pattern(prefix: str) -> str:
    """Return a prefix as a regular expression: times, numbers and the count of blanks are open."""
    parts = [part for part in PIECES.split(prefix.strip()) if part]
    opened = [
        f"(?:{TIME.pattern})"
        if TIME.fullmatch(part)
        else r"\d+"
        if part.isdigit()
        else r"\s+"
        if part.isspace()
        else re.escape(part)
        for part in parts
    ]
    # After a number only a blank or the line's end shows that it is whole.
    return rf"\s*{''.join(opened)}" + (r"(?:\s|$)" if prefix.rstrip()[-1:].isdigit() else "")


def _label(line: str, patterns: Sequence[str]) -> tuple[str, str | None]:
    """Return a line without its prefix, and the prefix; as it is and None where it has none of the file's."""
    for pattern in patterns:
        if found := re.match(pattern, line):
            return line[found.end() :], found[0]
    return line, None


@cache
def _key(prefix: str | None) -> str | None:
    """Return what a prefix says besides the time: whose line it is."""
    return None if prefix is None else " ".join(TIME.sub("", prefix).split())


def _only(label: tuple[str, str | None], key: str | None) -> str:
    """Return a line where it is of one writer or of none, else an empty one."""
    content, prefix = label
    return content if prefix is None or _key(prefix) == key else ""


def _stream(contents: Sequence[str], prefixes: Sequence[str | None], ends: Sequence[str]) -> Stream:
    """Return a writer's lines; a row without the prefix that other rows of the file have is nobody's, and left out."""
    loose = [i for i, content in enumerate(contents) if prefixes[i] is None and is_row(content)]
    labelled = any(prefixes[i] is not None and is_row(content) for i, content in enumerate(contents))
    lost = set(loose) if labelled and loose else set()
    tails = _tails(contents)
    text = "".join(("" if i in lost or i in tails else content) + ends[i] for i, content in enumerate(contents))
    findings = [
        Finding("warning", f"left out: it may be the end of a row that began in line {at + 1}", i + 1)
        for i, at in tails.items()
    ]
    if lost:
        findings.append(Finding("note", f"{UNLABELLED} ({len(lost)})", min(lost) + 1))
    return Stream(text, tuple(findings))


def _tails(contents: Sequence[str]) -> dict[int, int]:
    """Return the lines that lack as many characters of a row as stand, digits, before the text of a line above them.

    A log's line that was written into a row's first number leaves a row that looks whole, of another size: `10` and the log,
    then `48576  26.73`. Tables of fixed width show it by the length of the line.
    """
    rows = [i for i, content in enumerate(contents) if is_row(content)]
    tails = {}
    for begun, content in enumerate(contents):
        head = GLUED.match(content) if not is_row(content) and not TIME.match(content.lstrip()) else None
        if head is None:
            continue
        at = bisect(rows, begun)
        beside = [len(contents[rows[i]]) for i in (at - 1, at + 1) if 0 <= i < len(rows)]
        lacks = [width - len(contents[rows[at]]) for width in beside] if at < len(rows) else []
        if any(len(head[1]) < lack <= len(head[0]) for lack in lacks):
            tails[rows[at]] = begun
    return tails


LOG_LINE = re.compile(r"([\w.-]+):\d+:\d+ \[[^\]\s]*\] NCCL \w+")
"""How NCCL begins a line of its log (host:process:thread [device])."""


def joined(content: str, after: Sequence[str], width: int, hosts: Collection[str]) -> tuple[str, int] | None:
    """Return a row that a line of a log split, made whole, and how many lines after it the other half stands; else None.

    The first half ends where the log's line begins: at the name of one of the `hosts`, or of one that the log's other
    lines name; where two names would do, it is not certain. Lines of the log follow; then the rest, alone in its line.
    Both halves together must have the table's width, so that no number was split. Whoever calls proves the row (algbw =
    size / time): that the halves are of one row is likely, not certain.
    """
    split = LOG_LINE.search(content)
    if split is None or not is_row(content):
        return None
    known = set(hosts)
    for distance, line in enumerate(after, start=1):
        if log := LOG_LINE.match(line.strip()):
            known.add(log[1])
        elif line.strip():
            heads = {split[1].removesuffix(name) for name in known if split[1].endswith(name)}
            row = f"{content[: split.start()]}{min(heads, default='')} {line}"
            whole = len(heads) == 1 and is_row(line) and len(row.split()) == width
            return (row, distance) if whole else None
    return None
