"""YAML as Python's values, with limits, or one line that says why not. It does not know what the keys mean."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from fabric.text.escape import shown
from fabric.text.files import read_text
from fabric.text.numbers import maybe_real, maybe_whole
from topologies.errors import InputError

MOST_BYTES = 16 << 20
"""Of a YAML file: some ten seconds of work."""
MOST_DEPTH = 60
"""Lists and mappings inside each other."""
MOST_VALUES = 2_000_000
"""Values in all, those that aliases repeat counted again: few lines of aliases can mean 10^9 of them."""


class NotYaml(InputError):
    """What is wrong with a YAML text: its line and the problem, which a reader may put in words of its own."""

    def __init__(self, where: str, line: int, column: int, problem: str) -> None:
        """Say it as `WHERE: must be YAML, got line LINE, column COLUMN: PROBLEM`."""
        super().__init__(f"{where}: must be YAML, got line {line}, column {column}: {problem}")
        self.line, self.problem = line, problem


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader with limits: depth, values that aliases repeat, keys once, numbers finite and within 64 bits."""

    def __init__(self, text: str) -> None:
        """Begin with nothing read."""
        super().__init__(text)
        self._depth, self._sizes, self._values = 0, dict[int, int](), 0

    def compose_document(self) -> yaml.Node | None:
        """Return a document as a node; its values count with those of the documents before it."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self._sizes.clear()  # numbers of nodes that are gone may come again
        node = super().compose_document()
        self._values += self._sizes.get(id(node), 0)
        if self._values > MOST_VALUES:
            raise _problem(mark, f"more than {MOST_VALUES:,} values, those that aliases repeat counted again")
        return node

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next value as a node, checked."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        alias = self.check_event(yaml.AliasEvent)
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise _problem(mark, f"more than {MOST_DEPTH} lists and mappings inside each other")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if alias and id(node) not in self._sizes:
            raise _problem(mark, "an alias of what it stands in")
        if not alias:
            self._sizes[id(node)] = self._size(node)
        if self._sizes[id(node)] > MOST_VALUES:
            raise _problem(mark, f"more than {MOST_VALUES:,} values, those that aliases repeat counted again")
        return node

    def _size(self, node: yaml.Node) -> int:
        """Return how many values a node holds; all below it are known."""
        if isinstance(node, yaml.MappingNode):
            return 1 + sum(self._sizes[id(key)] + self._sizes[id(value)] for key, value in node.value)
        return 1 + sum(self._sizes[id(one)] for one in node.value) if isinstance(node, yaml.SequenceNode) else 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        """Return a mapping whose keys are given once (PyYAML would keep the last one in silence)."""
        given = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        if len(set(given)) < len(given):
            twice = next(key for number, key in enumerate(given) if key in given[:number])
            raise _problem(node.start_mark, f"{_flat(twice)}: must be given once, got it twice")
        return super().construct_mapping(node, deep=deep)


def _problem(mark: yaml.Mark | None, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, mark)


def _flat(text: object) -> str:
    return shown(text)[1:-1]


def _float(loader: Loader, node: yaml.ScalarNode) -> float:
    """Return a finite number."""
    found = maybe_real(loader.construct_yaml_float(node))
    if found is None:
        raise _problem(node.start_mark, f"a finite number was expected, not {shown(node.value)}")
    return found


def _int(loader: Loader, node: yaml.ScalarNode) -> int:
    """Return a whole number within 64 bits."""
    found = maybe_whole(loader.construct_yaml_int(node)) if len(node.value) <= 80 else None
    if found is None:
        raise _problem(node.start_mark, f"a whole number that 64 bits hold was expected, not {shown(node.value)}")
    return found


Loader.add_constructor("tag:yaml.org,2002:float", _float)
Loader.add_constructor("tag:yaml.org,2002:int", _int)


def parse_yaml(text: str, where: str, loader: type[Loader] = Loader) -> Any:  # YAML holds anything
    """Return the content of a YAML text. where: for messages; loader: with a reader's own additions.

    Raises:
        InputError: not YAML, a tag that fails, a key that cannot be one or is given twice, or beyond the limits above.
    """
    return _parsed(text, where, lambda: yaml.load(text, Loader=loader))  # noqa: S506  # a SafeLoader


def parse_yaml_documents(text: str, where: str, loader: type[Loader] = Loader) -> list[Any]:  # YAML holds anything
    """Return the contents of all documents of a YAML text; the limits hold for all of them together.

    Raises:
        InputError: what parse_yaml() refuses.
    """
    found: list[Any] = _parsed(text, where, lambda: list(yaml.load_all(text, Loader=loader)))  # a SafeLoader
    return found


def _parsed(text: str, where: str, parse: Callable[[], Any]) -> Any:  # YAML holds anything
    """Return what PyYAML makes of a text, its errors as ours."""
    if len(text) > MOST_BYTES:
        raise InputError(f"{where}: at most {MOST_BYTES >> 20} MiB of YAML are read")
    try:
        return parse()
    except yaml.YAMLError as error:
        line, column, problem = _said(error)
        raise NotYaml(where, line, column, problem) from None
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:  # PyYAML's own, of a tag's value
        raise NotYaml(where, 1, 1, f"a value that its tag does not allow ({_flat(str(error))})") from None


def read_yaml(path: Path, what: str) -> Any:  # YAML holds anything
    """Return the content of a YAML file. what: the name of the parameter that named it.

    Raises:
        InputError: a file that cannot be read (files.py), or what parse_yaml() refuses.
    """
    return parse_yaml(read_text(path, what, MOST_BYTES), str(path))


def read_mapping(path: Path, what: str, keys: str) -> Mapping[str, Any]:
    """Return the file's content. what: the name of the parameter that named the file; keys: those that it may have.

    Raises:
        InputError: a file that cannot be read, is no YAML, or no mapping.
    """
    content = read_yaml(path, what)
    if not isinstance(content, Mapping):
        raise InputError(f"{path}: must be a mapping {keys}, got {type(content).__name__}")
    return content


def _said(error: yaml.YAMLError) -> tuple[int, int, str]:
    """Return where and what the parser missed, in one line."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or not problem:
        return 1, 1, _flat(" ".join(str(error).split()))
    return mark.line + 1, mark.column + 1, " ".join(str(problem).split())
