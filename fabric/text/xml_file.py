"""XML as elements that remember their lines, with limits, or one line that says why not. It does not know what tags mean."""

from __future__ import annotations

from xml.etree import ElementTree as ET
from xml.parsers import expat

from topologies.errors import InputError

MOST_DEPTH = 100
"""Elements inside each other."""


class Element(ET.Element):
    """An XML element that remembers its line."""

    line = 1


class NotXml(InputError):
    """What is wrong with an XML text: its line and the problem, which a reader may put in words of its own."""

    def __init__(self, where: str, line: int, problem: str) -> None:
        """Say it as `WHERE: must be XML, got line LINE: PROBLEM`."""
        super().__init__(f"{where}: must be XML, got line {line}: {problem}")
        self.line, self.problem = line, problem


def parse_xml(text: str, where: str) -> Element:
    """Return the root element of an XML text, every element with its line; whatever encoding it says, text is text.

    A document type is allowed only where it declares no entities of its own, so that nothing can expand.

    Raises:
        InputError: not XML, cut, entities declared, or nested deeper than MOST_DEPTH.
    """
    builder = ET.TreeBuilder(element_factory=Element)
    parser = expat.ParserCreate("utf-8")
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_DEPTH:
            raise NotXml(where, parser.CurrentLineNumber, f"more than {MOST_DEPTH} elements inside each other")
        builder.start(tag, attributes).line = parser.CurrentLineNumber  # type: ignore[attr-defined]

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise NotXml(where, parser.CurrentLineNumber, "it must be without entity declarations")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = builder.data, refuse
    try:
        parser.Parse(text.encode(errors="replace"), True)  # expat's signature
    except expat.ExpatError as error:
        raise NotXml(where, error.lineno, expat.ErrorString(error.code)) from None
    found: Element = builder.close()  # type: ignore[assignment]
    return found
