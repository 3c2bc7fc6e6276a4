"""What is wrong with a foreign file, in one line with file and line number; parsers that say it so. It knows no format."""

from __future__ import annotations

import re
from typing import Any

import yaml

from fabric.text import xml_file
from fabric.text.json_file import NotJson, parse_json
from fabric.text.numbers import maybe_real
from fabric.text.xml_file import NotXml, parse_xml
from fabric.text.yaml_file import Loader, NotYaml, parse_yaml_documents
from topologies.errors import InputError

Element = xml_file.Element
"""An XML element that remembers its line."""
LONGEST = 80
"""Characters of the file's own text that a message repeats."""


def fault(where: str, line: int, expected: str, got: object = None) -> InputError:
    """Return the error `FILE:LINE: expected ..., got ...` in one line."""
    seen = "" if got is None else f", got {shortened(got)!r}"
    return InputError(f"{where}:{line}: expected {expected}{seen}")


def shortened(text: object) -> str:
    """Return the text in one line of at most LONGEST characters."""
    flat = " ".join(str(text).split())
    return flat if len(flat) <= LONGEST else f"{flat[:LONGEST]}..."


LINE_END = re.compile(r"\r\n|\r|\n")
"""Line ends of all systems; characters that some tools break lines at as well are left in names."""


def lines(text: str, where: str) -> list[tuple[int, str]]:
    """Return the numbered lines of a file, whatever its line ends; InputError for an empty one."""
    if not text.strip():
        raise fault(where, 1, "some content, the file is empty")
    found = LINE_END.split(text)
    return list(enumerate(found if found[-1] else found[:-1], start=1))


class Numbers(dict[str, Any]):
    """A YAML mapping that remembers the line it starts on."""

    line = 1


class _Loader(Loader):
    """PyYAML's safe loader with line numbers, and without aliases, which can grow without bound."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(None, None, "aliases are not read", mark)
        return super().compose_node(parent, index)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Numbers:
    found = Numbers({str(key): value for key, value in loader.construct_mapping(node, deep=True).items()})
    found.line = node.start_mark.line + 1
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_yaml(text: str, where: str) -> Any:  # YAML holds anything
    """Return the content of a YAML file of one document, its mappings as Numbers; InputError where it is none or cut."""
    found = load_yaml_documents(text, where)
    if len(found) != 1:
        raise fault(where, 1, f"one YAML document, got {len(found)}")
    return found[0]


def load_yaml_documents(text: str, where: str) -> list[Any]:  # YAML holds anything
    """Return the contents of all documents of a YAML file, whose mappings are Numbers; InputError where it is not YAML."""
    lines(text, where)
    try:
        return parse_yaml_documents(text, where, _Loader)
    except NotYaml as error:
        raise fault(where, error.line, f"YAML: {error.problem}") from None


def load_json(text: str, where: str) -> Any:  # JSON holds anything
    """Return the content of a JSON file; InputError where it is not JSON or cut."""
    try:
        return parse_json(text, where)
    except NotJson as error:
        raise fault(where, error.line, f"JSON: {error.problem}") from None


def load_xml(text: str, where: str, root: str) -> Element:
    """Return the root element of an XML file, every element with its line.

    A document type is allowed only where it declares no entities of its own, so that nothing can expand.

    Raises:
        InputError: not XML, cut, entities declared, or another root than the one expected.
    """
    try:
        found = parse_xml(text, where)
    except NotXml as error:
        raise fault(where, error.line, f"XML: {error.problem}") from None
    if found.tag.rpartition("}")[2] != root:
        raise fault(where, found.line, f"<{root}> as the outermost element", found.tag)
    return found


def attribute(where: str, element: Element, name: str) -> str:
    """Return an attribute that must be there."""
    value = element.get(name)
    if value is None:
        raise fault(where, element.line, f"<{element.tag} {name}=...>, the attribute is missing")
    return value


def number(text: object, where: str, line: int, what: str) -> float:
    """Return a number above zero."""
    value = maybe_real(text)
    if value is None or value <= 0:
        raise fault(where, line, f"{what}: a number above zero", text)
    return value


def line_of(text: str, word: str) -> int:
    """Return the first line that holds the word, 1 where none does; for files whose parser gives no lines."""
    found = re.search(re.escape(word), text)
    return text.count("\n", 0, found.start()) + 1 if found else 1
