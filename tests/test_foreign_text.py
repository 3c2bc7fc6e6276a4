"""Foreign text is parsed in fabric/text alone: checked on the syntax tree, in every module that reads what others wrote.

Types are not known here, so a call of int() or float() is let through where what stands in it cannot be text: a literal,
arithmetic, a comparison, a call that gives numbers, or one of the expressions listed below with what it is.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("formats", "importers", "cli", "records", "search", "fleet/traces")
MODULES = (
    "units gate.slices twin.state review.request review.ceiling network.spec network.names network.failures network.placement "
    "network.routing.policies network.routing.forwarding predict.constants predict.answer predict.published predict.closed "
    "predict.bounds predict.flows.file"
)
READING = [
    *(path for room in ROOMS for path in sorted((ROOT / "fabric" / room).rglob("*.py"))),
    *(ROOT / "fabric" / f"{name.replace('.', '/')}.py" for name in MODULES.split()),
]
"""Modules that read what others wrote: rooms, and files of other rooms."""
PARSERS = {
    "json.load",
    "json.loads",
    "yaml.load",
    "yaml.load_all",
    "yaml.safe_load",
    "yaml.safe_load_all",
    "yaml.compose",
    "expat.ParserCreate",
    "ET.parse",
    "ET.fromstring",
}
OWN_LINES = {
    "fabric/sweep.py": "our own worker's line",
    "fabric/twin/launch.py": "our own process's line",
    "fabric/twin/ranks.py": "our own process's line",
    "fabric/twin/paths.py": "what ip -j prints",
    "fabric/twin/links.py": "what ip -j prints",
    "fabric/hardware/catalog.py": "the package's own data, by the compiled loader",
    "fabric/workload/catalog.py": "the package's own data, by the compiled loader",
}
"""Modules that may parse: what comes over a pipe from a process that we started, and what ships with us."""
NUMBERS = {
    "found": "a count of numpy's",
    "lanes": "of a topology's array",
    "ports": "of numpy's bincount",
    "d": "a distance of numpy's",
    "a": "of a tier's array",
    "b": "of a tier's array",
    "c": "of numpy's flatnonzero",
    "v": "of numpy's flatnonzero",
    "at": "of a topology's array",
    "source": "of a topology's array",
    "vertex": "a vertex",
    "cable": "a cable",
    "hops": "a key of our own row",
    "latency": "of a level",
    "wrong > 0": "a comparison",
}
"""Names that hold numbers, never text, and of what they are."""
ELEMENTS = {
    "ends",
    "at",
    "group",
    "lanes",
    "holds",
    "label",
    "devices",
    "ports",
    "wrong",
    "falling",
    "vertices",
    "number",
    "cables",
}
"""Names of numpy's arrays: an element of one is a number."""
PARTS = {
    "found[0][0]": "of a list of numpy's arrays",
    "found[1][0]": "as before",
    "row['seconds']": "of our own row",
    "t.S": "bytes",
    "side.group[root]": "of an array",
}
"""Whole expressions that hold numbers, and of what they are."""
NUMERIC = {"topology", "fabric", "named", "np", "stated", "speed", "speeds", "link_speed"}
"""What arrays hang on: an element of one is a number."""
TEXTS, LOGICAL = ("get", "group", "strip", "removesuffix", "pop"), ("any", "all", "bool", "round", "min", "max", "sum")
"""Methods that give text, and functions that give none."""


def cannot_be_text(node: ast.expr) -> bool:
    """Whether the expression is a number whatever it holds."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        return name not in (*TEXTS, "str") if isinstance(node.func, ast.Attribute) else name in LOGICAL
    if isinstance(node, ast.Subscript | ast.Attribute):
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
            n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
        }
        return bool(NUMERIC & names) or ast.unparse(node) in PARTS or ast.unparse(getattr(node, "value", node)) in ELEMENTS
    never = ast.Constant | ast.BinOp | ast.UnaryOp | ast.Compare | ast.BoolOp | ast.JoinedStr
    return isinstance(node, never) or (isinstance(node, ast.Name) and node.id in NUMBERS)


def numbers_of_text(source: str) -> list[str]:
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    own = [n for n in calls if n.func.id in ("int", "float") and n.args]
    return [f"line {n.lineno}: {ast.unparse(n)}" for n in own if not cannot_be_text(n.args[0])]


def parsers(source: str) -> list[str]:
    found = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    return [f"line {n.lineno}: {ast.unparse(n.func)}" for n in found if ast.unparse(n.func) in PARSERS]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", READING, ids=name_of)
def test_numbers_of_foreign_text_are_read_in_one_place(path):
    assert not numbers_of_text(path.read_text()), "use fabric.text.numbers"


@pytest.mark.parametrize("path", sorted((ROOT / "fabric").rglob("*.py")), ids=name_of)
def test_files_of_foreign_text_are_parsed_in_one_place(path):
    if name_of(path).startswith("fabric/text/") or name_of(path) in OWN_LINES:
        return
    assert not parsers(path.read_text()), "use fabric.text"


@pytest.mark.parametrize("text", ["int(match[1])", "float(row['x'])", "int(text)", "float(m.group(1))", "int(str(x))"])
def test_the_rule_catches_what_it_is_for(text):
    assert numbers_of_text(text)


@pytest.mark.parametrize("text", ["int(topology.tier[v])", "int(x.sum())", "int(a > b)", "float('inf')", "int(10 / 3)"])
def test_the_rule_lets_numbers_through(text):
    assert not numbers_of_text(text)


def test_the_rule_knows_parsers():
    assert parsers("json.loads(x)")
    assert parsers("yaml.safe_load(x)")
    assert not parsers("json.dumps(x)")
