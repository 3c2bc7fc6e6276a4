"""No module reads back what another one words: errors are told apart by class, facts by fields. Found on the syntax tree."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"InputError", "EnvironmentFault", "NoWay", "NoPart"}
"""Errors whose text is ours."""
READING = {
    *("startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split", "rsplit", "splitlines"),
    *("replace", "find", "index", "count"),
}
"""Methods of a text that look into it."""
WORD = re.compile(r"\b[A-Za-z]{2,}\b")
FOREIGN = tuple(f"fabric/{room}" for room in ("importers", "formats", "measure", "hardware", "twin", "text", "gate"))
"""Rooms that read other programs' text: sentences there are theirs."""
SOURCES = sorted(p for folder in ("topologies", "fabric") for p in (ROOT / folder).rglob("*.py"))


def caught(tree: ast.AST) -> set[str]:
    """Names that hold an error of ours: of handlers, and what those are assigned to."""
    names = set()
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type is not None):
        if {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} & OURS and handler.name:
            names.add(handler.name)
            names |= {
                target.id
                for node in ast.walk(handler)
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == handler.name
                for target in node.targets
                if isinstance(target, ast.Name)
            }
    return names


def is_text_of(node: ast.AST, names: set[str]) -> bool:
    """Whether a node is str(error) of one of these names."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "str"
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id in names
    )


def is_sentence(node: ast.AST | None) -> bool:
    """Whether a node is a text of three words or more: two are a name, such as `held out`."""
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return len(text.split()) >= 3 and len(WORD.findall(text)) >= 2


def read_back(source: str, *, foreign: bool = False) -> list[int]:
    """Lines at which a text of ours is compared, looked into, or the key of a table."""
    tree = ast.parse(source)
    names, lines = caught(tree), list[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READING:
            found = is_text_of(node.func.value, names) or (not foreign and any(map(is_sentence, node.args[:1])))
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            found = any(is_text_of(side, names) for side in sides) or (not foreign and any(map(is_sentence, sides)))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "re":
            found = not foreign and any(map(is_sentence, node.args[:1]))
        else:
            found = isinstance(node, ast.Dict) and not foreign and any(map(is_sentence, node.keys))
        if found:
            lines.append(node.lineno)
    return sorted(set(lines))


def test_no_module_reads_back_our_own_sentences():
    places = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for line in read_back(path.read_text(), foreign=str(path.relative_to(ROOT)).startswith(FOREIGN))
    ]
    assert places == [], f"{len(places)} places read our own sentences back"


def test_the_rooms_that_word_facts_search_no_text():
    """A chart's picture is the drawing library's text; an order of ranks is the user's."""
    rooms = {room: [*(ROOT / "fabric" / room).rglob("*.py")] for room in ("report", "review", "search")}
    users = {path.name for own in rooms.values() for path in own if re.search(r"^import re$", path.read_text(), re.MULTILINE)}
    assert all(rooms.values())
    assert users == {"picture.py", "checks.py"}


@pytest.mark.parametrize(
    "source",
    [
        'try:\n    f()\nexcept InputError as error:\n    if "no way in" not in str(error):\n        raise',
        'try:\n    f()\nexcept InputError as error:\n    kept = error\nprint(str(kept).removeprefix("cases."))',
        'SAID = {"needs a link": "link"}',
        'PATTERN = re.compile(r"rack (.+) with nodes")',
        'drained = row.what == "one leaf switch drained"',
    ],
)
def test_what_reads_back_is_found(source):
    assert read_back(source)


def test_telling_an_error_and_wording_a_fact_are_free():
    assert read_back('try:\n    f()\nexcept InputError as error:\n    raise InputError(f"{where}: {error}") from None') == []
    assert read_back('WORDS = {"verdict.tie": "That is a tie."}\nif kind == "tie":\n    print(WORDS)') == []
