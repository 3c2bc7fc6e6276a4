"""Imports run one way, and only where they are paid for: checked on the syntax tree, so that nothing is imported."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = [
    {"topologies"},
    {"fabric.units", "fabric.statistics", "fabric.errors", "fabric.text", "fabric.sweep"},
    {"fabric.collectives"},
    {"fabric.records"},
    {"fabric.hardware"},
    {"fabric.network"},
    {"fabric.formats", "fabric.importers"},
    {"fabric.predict", "fabric.measure"},
    {"fabric.gate", "fabric.slow"},
    {"fabric.twin", "fabric.workload", "fabric.judge"},
    {"fabric.review"},
    {"fabric.search", "fabric.fleet"},
    {"fabric.scaling"},
    {"fabric.report"},
    {"fabric.answers"},
    {"fabric.cli", "fabric.pytest_plugin", "fabric.__main__"},
    {"fabricbench"},
    {"benchmarks"},
]
SAME_FLOOR_APART = {"fabric.predict", "fabric.measure"}
HEAVY = {
    "torch": {"fabric.measure"},
    "mpi4py": {"fabric.measure"},
    "numba": {"fabric.network", "fabric.predict", "fabric.measure", "fabric.fleet"},
    "altair": {"fabric.report"},
}
SOURCES = sorted(p for folder in ("topologies", "fabric", "benchmarks") for p in (ROOT / folder).rglob("*.py"))


def wing(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "fabric" and len(parts) > 1 else parts[0]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module] + [f"{node.module}.{a.name}" for a in node.names if node.module in ("fabric", "benchmarks")]
    return found


def floor(module: str) -> int | None:
    return next((level for level, wings in enumerate(FLOORS) if wing(module) in wings), None)


def problems(module: str, imported: list[str]) -> list[str]:
    found = []
    for name in imported:
        allowed = HEAVY.get(name.split(".")[0])
        if allowed and wing(module) not in allowed and floor(module) != len(FLOORS) - 1:
            found.append(f"{module} imports {name}: only {', '.join(sorted(allowed))} may")
        if floor(name) is None or floor(module) is None:
            continue
        up = floor(name) > floor(module)
        across = wing(name) != wing(module) and {wing(name), wing(module)} == SAME_FLOOR_APART
        if up or across:
            found.append(f"{module} imports {name}: against the direction of the layers")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_imports_run_downwards(path):
    module = module_of(path)
    assert module in ("fabric", "topologies") or floor(module) is not None, f"{module} has no floor: name it in FLOORS"
    assert not problems(module, imports(path))


STARTS = {"fabric.__main__", "fabricbench", "fabricbench.entry"}
"""Modules outside fabric/cli that may import it: they start the program."""


def importers_of_the_command_line(paths):
    found = {module_of(path) for path in paths if any(wing(name) == "fabric.cli" for name in imports(path))}
    return {module for module in found if wing(module) != "fabric.cli"}


def test_nothing_imports_the_command_line_but_what_starts_it():
    entry = [*ROOT.glob("fabricbench.py"), *(ROOT / "fabricbench").rglob("*.py")]
    found = importers_of_the_command_line([*SOURCES, *entry])
    assert "fabric.__main__" in found, "the rule sees imports"
    assert found <= STARTS


def test_the_command_lines_importers_are_found_in_functions_too(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "benchmarks").mkdir()
    (module := tmp_path / "benchmarks" / "late.py").write_text("def f():\n    from fabric import cli\n    return cli\n")
    assert importers_of_the_command_line([module]) == {"benchmarks.late"}


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("topologies.star", "fabric.units"),
        ("fabric.collectives.ring", "fabric.network.fabric"),
        ("fabric.predict.loaded", "fabric.measure.timing.loop"),
        ("fabric.measure.timing.loop", "fabric.predict.bounds"),
        ("fabric.cli.show", "torch"),
        ("fabric.records.case", "fabric.cli.main"),
    ],
)
def test_the_rule_catches_what_it_is_for(module, imported):
    assert problems(module, [imported])


READERS = {f"fabric.formats.{path.stem}" for path in (ROOT / "fabric" / "formats").glob("*.py")} - {
    f"fabric.formats.{name}" for name in ("__init__", "files", "named")
}
MEASURING = {"torch", "mpi4py", "numba", "altair"}
SLOW_TO_IMPORT = MEASURING | {"scipy", "pydantic", "networkx", "xml", *READERS}


def runs_without(arguments: list[str], modules: set[str]) -> None:
    code = (
        "import sys; sys.argv[1:] = " + repr(arguments) + "\n"
        "try:\n    from fabric.cli.main import main; main()\nexcept SystemExit as e: assert not e.code, e.code\n"
        f"loaded = {modules!r} & set(sys.modules); assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (["--help"], SLOW_TO_IMPORT | {"numpy"}),
        (["show", "fat_tree:k=4"], SLOW_TO_IMPORT - {"scipy"}),  # its proofs are searches of scipy's
        (["predict", "--topo", "fat_tree:k=4", "--ranks", "4"], SLOW_TO_IMPORT),
        (["predict", "--topo", "fat_tree:k=8", "--ranks", "128", "--sizes", "1MiB"], SLOW_TO_IMPORT),
        (["scale", "--topo", "star:devices=4", "--ranks", "2,4"], SLOW_TO_IMPORT),
    ],
)
def test_verbs_that_only_think_import_nothing_that_they_do_not_use(arguments, spared):
    runs_without(arguments, spared)


def test_compare_imports_neither_torch_nor_mpi(tmp_path):
    from fabric.records.case import Case
    from fabric.records.result import Result
    from fabric.records.store import append

    append(tmp_path / "a.jsonl", [Result(Case("all_reduce", 8, 2, 1, 2), "gloo", (1.0, 2.0), wrong=0)])
    runs_without(["compare", *[str(tmp_path / "a.jsonl")] * 2], MEASURING)
