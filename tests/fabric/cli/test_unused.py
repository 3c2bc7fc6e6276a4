"""Options that would be without effect are refused in one line; nothing is measured and nothing is written."""

import pytest
from click.testing import CliRunner

from fabric.cli.main import program
from fabric.cli.ranks import opened
from fabric.records.case import Case
from fabric.records.result import Result
from fabric.records.store import append
from topologies.errors import InputError

TREE = ("--topo", "fat_tree:k=4")


@pytest.fixture
def results(tmp_path):
    file = tmp_path / "r.jsonl"
    append(file, [Result(Case("all_reduce", 8 << n, 2, 1, 2), "gloo", (1e-4, 1.1e-4), statistic="raw") for n in range(4)])
    return str(file)


def refusal(*words):
    found = CliRunner().invoke(program, list(words))
    assert isinstance(found.exception, InputError), found.output
    return str(found.exception)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("scale", *TREE, "--library=mpi:openmpi"), "library: is of imported RESULTS, got none; leave it out"),
        (
            ("scale", *TREE, "--backend=x"),
            "mpi:openmpi, mpi:mpich, nccl, hccl, rccl, nccl:HARDWARE, got 'x'",
        ),
        (("predict", *TREE, "--backend="), "backend: must be one of"),
        (("predict", *TREE, "--backend=gloo:1"), "backend: must be one of"),
        (("predict", *TREE, "--constants=nccl:"), "constants: must be one of"),
        (("predict", *TREE, "--algorithm="), "algorithm: must be a name such as ring, got ''"),
        (("scale", *TREE, "--algorithm="), "algorithm: must be a name such as ring, got ''"),
        (("predict", *TREE, "--ranks="), "ranks: must be whole numbers >= 1"),
        (("predict", *TREE, "--order=interleaved:1"), "order: must be"),
        (("show", "fat_tree:k=4", "--json", "--csv"), "csv: and --json cannot both be printed; leave one out"),
        (
            ("fleet", "place", "fat_tree:k=4", "--job=x", "--nodes-only", "--csv"),
            "csv: and --nodes-only cannot both be",
        ),
        (("review", "run", "x.yaml", "--json", "--markdown"), "markdown: and --json cannot both be printed"),
        (("show", "fat_tree:k=4", "--png=x.jpg"), "png: must end in .png, got x.jpg"),
        (("show", "fat_tree:k=4", "--html=x.pdf"), "html: must end in .html or .htm, got x.pdf"),
        (("training", "llama3-8b", *TREE, "--output=x.txt"), "output: must end in .html or .htm, got x.txt"),
        (("measure", "--backend=gloo", "--sizes=8", "--minbytes=8"), "sizes: names every size, min would be without effect"),
        (("measure", "--backend=gloo", "--orders=interleaved:1"), "orders: must be"),
        (("measure", "--backend=gloo", "--orders=scattered:²"), "orders: must be"),
        (("slow", "--method=groups", "--batch=2"), "batch: is of --method search and pairs; leave it out"),
        (("slow", "--method=pairs", "--layers=pairs"), "layers: is of --method search; leave it out"),
        (("slow", "--method=pairs", "--budget=9"), "budget: is of --method search; leave it out"),
        (("slow", "--method=pairs", "--keep=x"), "keep: is of --method search; leave it out"),
        (("slow", "--method=groups", "--output=x.html"), "output: is of --method search; leave it out"),
        (("slow", "--orders=contiguous"), "orders: is of --method bisection; leave it out"),
        (("slow", "--backend="), "backend: must be one of"),
        (("twin", "up", "ring:devices=4", "--name=a/b", "--dry-run"), "name: must be up to 31 of a-z"),
        (("twin", "up", "ring:devices=4", "--name=$(id)", "--dry-run"), "name: must be up to 31 of a-z"),
        (("twin", "up", "ring:devices=4", "--name=" + 300 * "x", "--dry-run"), "name: must be up to 31 of a-z"),
    ],
)
def test_options_without_effect_and_names_of_nothing(words, line):
    assert line in refusal(*words)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("calibrate", "--library=x"), "library: must be such as mpi:openmpi"),
        (("calibrate", "--library=mpi:openmpi"), "library: must be left out where the results say it, they are of gloo"),
        (("calibrate", "--collective="), "collective: must be one of"),
        (("scale", "--sizes=8"), "sizes: is of the model alone"),
        (("scale", "--algorithm=ring"), "algorithm: is of the model alone"),
    ],
)
def test_what_results_say_themselves(words, line, results):
    verb, option = words
    assert line in refusal(verb, results, "--topo", "star:devices=4", option)


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        ("run.yaml", ("-o", "a\nrm -rf x.jsonl"), "output: must be one line of plain characters"),
        ("a\nb.yaml", (), "run: must be one line of plain characters"),
        ("run.yaml", ("--mpi=",), "mpi: must be pmi2, pmix, mpirun, got ''"),
        ("run.yaml", ("--partition=",), "partition: must be one word"),
    ],
)
def test_names_that_would_begin_a_line_of_a_batch_file(name, options, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("backends: [mpi]\nworld_sizes: [2]\nsizes: [8]\n")
    assert line in refusal("launch", "slurm", name, *options)


def test_nothing_of_no_bytes_stays_where_nothing_was_measured(tmp_path):
    with pytest.raises(InputError), opened(tmp_path / "new.jsonl"):
        raise InputError("ranks: refused by a rank")
    assert not (tmp_path / "new.jsonl").exists()
    (tmp_path / "old.jsonl").write_bytes(b"")
    with opened(tmp_path / "old.jsonl"):
        pass
    assert (tmp_path / "old.jsonl").exists(), "not made by us"
