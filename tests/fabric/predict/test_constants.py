import pytest

from fabric.predict.constants import NONE, Constants, Line, choose, constants_of, load, write
from fabric.predict.defaults import default_algorithm
from fabric.records.case import Case
from topologies.errors import InputError

FITTED = Constants("gloo", {"*": (Line(1e-6, 1e-9, 100.0, (0.0, 2e-6)), Line(2e-6))}, "test", backend="gloo", in_place=True)


def test_constants_come_back_from_their_file(tmp_path):
    other = Constants("mpi", {"memory": (Line(2e-6, 1e-10),)}, "test", backend="mpi:openmpi")
    write(tmp_path / "c.json", [FITTED, other])
    assert load(str(tmp_path / "c.json")) == [FITTED, other]
    assert constants_of(str(tmp_path / "c.json"), "mpi:openmpi") == other
    assert constants_of(str(tmp_path / "c.json")) == FITTED


@pytest.mark.parametrize(
    ("text", "backend", "name", "library"),
    [
        (None, None, "none", None),
        ("none", "nccl", "none", "nccl"),
        (None, "gloo", "none", "gloo"),
        (None, "nccl", "nccl", "nccl"),
        (None, "nccl:b200", "nccl:b200", "nccl:b200"),
        ("nccl:h100", None, "nccl:h100", "nccl:h100"),
    ],
)
def test_a_library_with_a_model_of_its_own_is_taken_with_it(text, backend, name, library):
    found = constants_of(text, backend)
    assert (found.name, found.backend) == (name, library)


def test_the_line_is_chosen_by_level_and_message():
    assert FITTED.line("loopback", 100) == FITTED.lines["*"][0]
    assert FITTED.line("loopback", 101) == FITTED.lines["*"][1]
    assert NONE.line("any", 1) == Line(0.0)


def test_constants_are_chosen_by_backend_and_form():
    other = Constants("gloo out", {}, "test", backend="gloo", in_place=False)
    assert choose([FITTED, other], "gloo", in_place=False) is other
    assert choose([FITTED], "gloo", in_place=False) is FITTED
    named = Constants("nccl:h100", {}, "test", backend="nccl:h100")
    assert choose([FITTED, named], "nccl") is named
    with pytest.raises(InputError, match="constants: hold gloo, nothing for mpi:openmpi"):
        choose([FITTED], "mpi:openmpi")


def test_bad_files_and_names_get_one_line(tmp_path):
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "empty.json").write_text('{"schema": "fabricbench.constants/1", "constants": [{"name": 1}]}')
    for name, message in (("bad", "must be JSON"), ("other", "schema must be"), ("empty", "name")):
        with pytest.raises(InputError, match=message):
            load(str(tmp_path / f"{name}.json"))
    with pytest.raises(InputError, match=r"constants: must be one of none, nccl, nccl:HARDWARE or a file, cannot read 'ncl'"):
        load("ncl")


@pytest.mark.parametrize(
    ("backend", "p", "nbytes", "expected"),
    [
        ("gloo", 7, 8, "gloo_ring"),
        ("mpi:openmpi", 2, 8, "recursive_doubling"),
        ("mpi:openmpi", 4, 8, "recursive_doubling"),
        ("mpi:openmpi", 4, 16, "recursive_doubling"),
        ("mpi:openmpi", 8, 8, "recursive_doubling"),
        ("mpi:openmpi", 8, 8192, "halving_doubling"),
        ("mpi:openmpi", 16, 32, "recursive_doubling"),
        ("mpi:openmpi", 16, 4095, "recursive_doubling"),
        ("mpi:openmpi", 32, 128, "halving_doubling"),
        ("mpi:openmpi", 64, 2**17, "recursive_doubling"),
        ("mpi:mpich", 4, 4096, "halving_doubling"),
        ("nccl", 4, 8, "ring"),
    ],
)
def test_library_defaults_by_ranks_and_bytes(backend, p, nbytes, expected):
    assert default_algorithm(backend, Case("all_reduce", nbytes, p, 1, p)) == expected


def test_unknown_libraries_are_named():
    with pytest.raises(InputError, match=r"algorithm: default is known for gloo, mpi:openmpi, .* got backend 'oneccl'"):
        default_algorithm("oneccl", Case("all_reduce", 8, 2, 1, 2))
