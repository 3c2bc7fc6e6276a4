"""What the structure of a text says of its kind: the root of XML, the keys of YAML and JSON, lines. It knows no format by name.

A sign is `xml:ROOT`, `keys:KEY,KEY` (all of them outermost; `KEY/KEY` one within the other), `list:KEY` (a list whose first
entry has it), `kind:KIND` (a Kubernetes object) or `line:REGULAR EXPRESSION` (a line anywhere). All of a text is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fabric.text.json_file import NotJson, parse_json

ROOT = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?[^>]*>)*<([\w.-]+:)?([\w.-]+)", re.DOTALL)
KEY = re.compile(r"""(?m)^(["']?)([A-Za-z_][\w./-]*)\1\s*:(?:\s|$)""")
INNER = re.compile(r"""(?m)^[ ]{1,8}(["']?)([A-Za-z_][\w./-]*)\1\s*:(?:\s|$)""")
ITEM = re.compile(r"""(?m)^-\s+(["']?)([A-Za-z_][\w./-]*)\1\s*:(?:\s|$)""")
KIND = re.compile(r"""(?m)^(?:-\s+|\s{0,4})(["']?)kind\1\s*:\s*["']?(\w+)""")


@dataclass(frozen=True)
class Shape:
    """What a text is made of; keys: outermost ones, with `outer/inner` for the next level."""

    text: str
    lines: dict[str, bool] = field(default_factory=dict, compare=False)

    @cached_property
    def _json(self) -> Any:  # any JSON
        try:
            return parse_json(self.text, "json")
        except NotJson:
            return None

    @cached_property
    def _starts(self) -> str:
        return self.text.lstrip("\ufeff \t\r\n")[:1]

    @cached_property
    def root(self) -> str:
        """The name of the outermost element, empty where the text is no XML."""
        found = ROOT.match(self.text.lstrip("\ufeff")) if self._starts == "<" else None
        return found[2] if found else ""

    @cached_property
    def keys(self) -> set[str]:
        """The outermost keys of a mapping, and `outer/inner` of those within."""
        if self._starts == "{":
            return _json_keys(self._json, self.text)
        if self._starts in ("<", "["):
            return set()
        places = [(match.start(), match[2]) for match in KEY.finditer(self.text)]
        found = {name for _, name in places}
        ends = [*(start for start, _ in places), len(self.text)][1:]
        for (start, name), end in zip(places, ends, strict=True):
            found |= {f"{name}/{match[2]}" for match in INNER.finditer(self.text, start, end)}
        return found

    @cached_property
    def items(self) -> set[str]:
        """The keys of the first entries of a list."""
        if self._starts == "[":
            rows = self._json if isinstance(self._json, list) else []
            return {str(key) for row in rows[:1] if isinstance(row, dict) for key in row}
        return {match[2] for match in ITEM.finditer(self.text)} if self._starts == "-" or "\n-" in self.text else set()

    @cached_property
    def kinds(self) -> set[str]:
        """The kinds of Kubernetes objects."""
        if self._starts in ("{", "["):
            content = self._json.get("items", [self._json]) if isinstance(self._json, dict) else self._json
            rows = content if isinstance(content, list) else []
            return {str(row.get("kind")) for row in rows if isinstance(row, dict) and "metadata" in row}
        return {match[2] for match in KIND.finditer(self.text)} if "metadata" in self.text else set()

    def shows(self, sign: str) -> bool:
        """Return whether the text shows a sign."""
        what, _, rest = sign.partition(":")
        if what == "xml":
            return self.root == rest
        if what == "keys":
            return set(rest.split(",")) <= self.keys
        if what == "list":
            return rest in self.items
        if what == "kind":
            return rest in self.kinds
        return re.search(rest, self.text) is not None


def fitting(text: str, signs: Iterable[tuple[str, tuple[str, ...]]]) -> list[str]:
    """Return the names whose signs, one at least, a text shows; signs: (name, its signs)."""
    shape = Shape(text)
    return [name for name, own in signs if any(shape.shows(sign) for sign in own)]


def _json_keys(content: Any, text: str) -> set[str]:  # any JSON
    """Return the keys of an object and of the objects in it; of a text that is no JSON (YAML in braces) all that look so."""
    if not isinstance(content, dict):
        return set(re.findall(r"[\"']?([A-Za-z_][\w./-]*)[\"']?\s*:", text))
    found = {str(key) for key in content}
    for key, inner in content.items():
        found |= {f"{key}/{name}" for name in inner} if isinstance(inner, dict) else set()
        found |= {f"*/{name}" for name in inner} if isinstance(inner, dict) else set()
    return found
