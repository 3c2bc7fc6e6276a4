"""`import fabricbench`: what it documents, how little it loads, and that its records are the program's own."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fabricbench as fb

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text()


def test_the_page_documents_every_name_and_no_other():
    assert sorted(re.findall(r"^\| `(\w+)[`(]", PAGE, re.MULTILINE)) == sorted(fb.__all__)


@pytest.mark.parametrize("name", fb.__all__)
def test_every_name_is_there_with_a_docstring(name):
    assert getattr(fb, name) is not None
    assert (getattr(fb, name).__doc__ or "").strip()


def test_an_unknown_name_is_refused_with_what_exists():
    with pytest.raises(AttributeError, match=r"fabricbench has no 'predikt'; it has .*predict"):
        fb.predikt  # noqa: B018


def test_importing_loads_nothing_until_it_is_used():
    code = (
        "import sys, fabricbench\n"
        "own = [m for m in sys.modules if m.startswith(('fabric.', 'topologies')) or m in ('fabric', 'numpy', 'click')]\n"
        "assert not own, own\n"
        "fabricbench.load('star:devices=4')\n"
        "heavy = {'torch', 'mpi4py', 'numba', 'altair', 'scipy', 'pydantic', 'click'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_foreign_fabric_package_is_named_at_first_use(tmp_path):
    (tmp_path / "fabric").mkdir()
    (tmp_path / "fabric" / "__init__.py").write_text("class Connection: ...\n")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import fabricbench; fabricbench.load"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "the import name `fabric` belongs to another package here" in done.stderr.splitlines()[-1]


FABRICS = (
    "fat_tree:k=4",
    "rail_optimized:nodes=4,rails=4,radix=16,scale_up=nvswitch",
    "torus:dims=3x3",
    "dragonfly:p=1,a=2,h=1",
)
ASKED = st.fixed_dictionaries(
    {
        "topo": st.sampled_from(FABRICS),
        "collective": st.sampled_from(["all_reduce", "all_gather", "all_to_all", "broadcast"]),
        "nbytes": st.sampled_from([8, 65536, 2**22]),
        "ranks": st.sampled_from([2, 4]),
        "order": st.sampled_from(["contiguous", "interleaved", "scattered:3"]),
        "constants": st.sampled_from(["none", "nccl:h100"]),
        "fidelity": st.sampled_from(["auto", "loaded"]),
    }
)


def program(*words):
    """The rows that the command line prints, run in this process."""
    from click.testing import CliRunner

    from fabric.cli.main import program as verbs

    done = CliRunner().invoke(verbs, [*words, "--json"], catch_exceptions=False)
    return json.loads(done.stdout)["rows"]


@settings(max_examples=25, deadline=None)
@given(ASKED)
def test_python_and_the_command_line_give_the_same_record(asked):
    fabric = fb.load(asked["topo"])
    cases = fb.cases(fabric, asked["collective"], sizes=asked["nbytes"], ranks=asked["ranks"], order=asked["order"])
    answer = fb.predict(cases, fabric, fb.constants(asked["constants"]), fidelity=asked["fidelity"])
    words = ["--sizes", f"{asked['nbytes']}", "--ranks", str(asked["ranks"])]
    for key in ("topo", "collective", "order", "constants", "fidelity"):
        words += [f"--{key}", asked[key]]
    rows = program("predict", *words)
    for ours, theirs in zip(answer.rows(), rows, strict=True):
        assert {**ours, "made_at": None} == {**json.loads(json.dumps(theirs)), "made_at": None}
    assert [result.case.nbytes for result in answer] == answer.columns()["nbytes"]


def test_scale_and_show_give_the_program_s_rows():
    fabric = fb.load("fat_tree:k=4")
    ours = fb.scale(fabric, sizes="1MiB", ranks=[2, 16]).rows()
    theirs = program("scale", "--topo", "fat_tree:k=4", "--sizes", "1MiB", "--ranks", "2,16")
    assert [{**row, "made_at": None} for row in ours] == [{**row, "made_at": None} for row in theirs]
    assert json.loads(json.dumps(fb.show(fabric).rows())) == program("show", "fat_tree:k=4")


def test_a_part_of_a_file_is_taken_by_names_as_the_program_does(tmp_path):
    conf, only = tmp_path / "topology.conf", "switches:!s2"
    conf.write_text("SwitchName=s1 Nodes=n[1-4]\nSwitchName=s2 Nodes=n[5-7]\nSwitchName=top Switches=s[1-2]\n")
    (row,) = json.loads(json.dumps(fb.read(conf, only=only).rows()))
    assert (row["endpoints"], [row]) == (4, program("read", str(conf), "--only", only))
    written = program("write", str(conf), "--only", only, "--format", "csv")
    assert json.loads(json.dumps(fb.write(*fb.read(conf), "csv", only=[only]).rows())) == written
    rows = fb.audit(conf, "star:devices=4", only=only).rows()
    assert json.loads(json.dumps(rows)) == program("audit", str(conf), "--design", "star:devices=4", "--only", only)


def test_an_answer_prints_as_text_and_as_escaped_html():
    answer = fb.predict(fb.cases(fb.load("star:devices=4"), sizes="1MiB"), fb.load("star:devices=4"))
    assert "busbw GB/s" in str(answer)
    assert "<th>busbw GB/s</th>" in answer._repr_html_()


def test_options_become_words():
    from fabricbench.started import options_of

    given = {"check": True, "per_rank": False, "ranks": [1, 2], "runs": ("a", "b"), "sizes": "8", "topo": None}
    assert options_of(given) == ["--check", "--no-per-rank", "--ranks", "1,2", "--runs", "a", "b", "--sizes", "8"]


def test_what_a_started_verb_refuses_is_raised_as_its_own_line():
    with pytest.raises(fb.InputError, match=r"^collective: "):
        fb.measure(collective="all_reduse", backend="gloo", ranks=[2])


def test_a_topo_does_where_a_fabric_is_asked_for():
    fabric = fb.load("star:devices=4")
    ready = fb.cases("star:devices=4", sizes="1MiB")
    assert ready == fb.cases(fabric, sizes="1MiB")
    assert fb.predict(ready, "star:devices=4").rows() == fb.predict(ready, fabric).rows()
    assert fb.show("star:devices=4").rows() == fb.show(fabric).rows()
    assert fb.bound(ready, "star:devices=4").rows() == fb.bound(ready, fabric).rows()
    assert fb.scale("star:devices=4", ranks=4).rows() == fb.scale([fabric], ranks=4).rows()
    assert fb.jobs([(ready[0], None)], "star:devices=4").rows() == fb.jobs([(ready[0], None)], fabric).rows()


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (lambda fabric: fb.cases(fabric, sizes=[1.5]), r"sizes: must be whole numbers >= 0, got 1\.5"),
        (lambda fabric: fb.cases(fabric, sizes=-1), "sizes: must be whole numbers >= 0, got -1"),
        (lambda fabric: fb.cases(fabric, ranks=0), "ranks: must be whole numbers >= 1, got 0"),
        (lambda fabric: fb.predict([], fabric), "cases: must hold at least one, got none"),
        (lambda fabric: fb.jobs([], fabric), "jobs: must be at least one, got none"),
        (lambda fabric: fb.stress([], fabric), "runs: must be at least one, got none"),
        (lambda _: fb.scale([]), "fabrics: must be at least one, got none"),
        (lambda fabric: fb.predict(fb.cases(fabric), "fattree:k=4"), "did you mean fat_tree"),
    ],
)
def test_nothing_and_wrong_numbers_are_answered_in_one_line(ask, line):
    with pytest.raises(fb.InputError, match=line):
        ask(fb.load("star:devices=4"))
