"""Small hostile files, each given to every verb that reads its kind: one line, nothing that steers, nothing left behind."""

import json
import time

import pytest
from click.testing import CliRunner

from fabric.cli.main import program
from topologies.errors import InputError

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
YAMLS = {
    "laughs": (LAUGHS, "values, those that aliases repeat counted again"),
    "cycle": ("a: &a [*a]\n", "an alias of what it stands in"),
    "date": ("title: 2024-13-45\n", "a value that its tag does not allow (month must be in 1..12)"),
    "tag": ("a: !!timestamp x\n", "a value that its tag does not allow"),
    "deep": ("{a: " * 100 + "1" + "}" * 100, "lists and mappings inside each other"),
    "infinite": ("budget: .inf\n", "a finite number was expected"),
    "large": ("seed: " + "9" * 40 + "\n", "a whole number that 64 bits hold was expected"),
    "twice": ("seed: 1\nseed: 2\n", "must be given once, got it twice"),
    "unhashable": ("? [a]\n: {}\n? {b: c}\n: d\n", "must be YAML"),
}
VERBS = [("launch", "slurm"), ("review", "run"), ("measure",)]
MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|calc",
    "\x1b]0;x\x07",
    "a\nb",
    "[bold]x[/b]",
    "\u202ex",
]


def run(*words):
    return CliRunner().invoke(program, [str(word) for word in words])


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize("name", YAMLS)
def test_yaml_that_is_none_of_ours_is_one_line_at_once(name, verb, tmp_path):
    content, said = YAMLS[name]
    file = tmp_path / "a.yaml"
    file.write_text(content)
    begin = time.monotonic()
    found = run(*verb, file)
    assert isinstance(found.exception, InputError), found.output
    assert said in str(found.exception)
    assert "\n" not in str(found.exception)
    assert time.monotonic() - begin < 20
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("text", MARKUP)
def test_names_of_a_dump_steer_neither_a_terminal_nor_a_page_nor_a_spreadsheet(text, tmp_path):
    cables = [{"source": text, "target": "s0"}, {"source": "h1", "target": "s0"}, {"source": "h2", "target": "s0"}]
    nodes = [{"id": text, "host": True}, *({"id": name, "host": name != "s0"} for name in ("h1", "h2", "s0"))]
    dump, page = tmp_path / "a.json", tmp_path / "a.html"
    dump.write_text(
        json.dumps({"directed": False, "multigraph": True, "graph": {"name": text}, "nodes": nodes, "links": cables})
    )
    found = run("read", dump, "--format", "node-link", "-o", tmp_path / "a.yaml")
    assert found.exception is None, found.exception
    audit = run("audit", dump, "--format", "node-link", "--design", "star:devices=4")
    table = run("audit", dump, "--format", "node-link", "--design", "star:devices=4", "--csv")
    drawn = run("show", tmp_path / "a.yaml", "--html", page)
    for out in (found.output, audit.output, table.output, drawn.output):
        assert not set("\x1b\x07\u202e") & set(out)
    assert not any(cell.startswith("=") for line in table.output.splitlines() for cell in line.split(","))
    assert "<script>alert" not in page.read_text()
    assert "<img" not in page.read_text()


@pytest.mark.parametrize("verb", ["show", "flows", "read", "import", "audit"])
@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000 + ".yaml", "é\n.yaml", "\x1b[31m", "/dev/zero", "/dev/full"])
def test_names_of_no_file_are_one_line(verb, name):
    found = run(verb, name, *(("--design", "star:devices=4") if verb == "audit" else ()))
    assert isinstance(found.exception, InputError), found.output
    assert len(str(found.exception)) < 6000
