"""`slow` refuses what cannot be before any rank starts, in one line."""

import pytest
from click.testing import CliRunner

from fabric.cli.main import program
from fabric.measure.backends.catalog import backend
from topologies.errors import InputError


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--method", "guess"], "method: must be one of search, pairs, groups, lateness, bisection, got 'guess'"),
        (["--unit", "rack"], "unit: must be one of rank, node, got 'rack'"),
        (["--batch", "0"], "batch: must be a whole number from 1 to 10,000, got '0'"),
        (["--ranks", "1"], "ranks: must be a whole number from 2 to 1,024, got '1'"),
        (["--method", "pairs", "--ranks", "2", "--backend", "mpi"], "ranks: pairs need 3 or more to say which one is"),
        (["--method", "groups", "--ranks", "3", "--backend", "mpi"], "ranks: groups need 4 or more, got 3"),
        (["--unit", "node", "--backend", "mpi"], "unit: node and --one-rank-a-node need 2 nodes or more, got 1"),
        (["--size", "2", "--collective", "all_reduce", "--backend", "mpi"], "size: all_reduce on 2 ranks needs"),
        (["--size", "1", "--backend", "gloo"], "size: all_reduce on 2 ranks needs an element of 4 bytes for each, got 1,"),
        (["--method", "pairs", "--topo", "star:devices=4"], "topo: is of --method search and bisection, got it with pairs"),
        (["--ranks", "3", "--backend", "mpi"], "ranks: a search needs 4 ranks or nodes or more, got 3"),
        (["--ranks", "3", "--backend", "gloo"], "ranks: a search needs 4 ranks or nodes or more, got 3"),
        (["--topo", "star:devices=3", "--ranks", "4", "--backend", "mpi"], "topo: must have 4 devices or more, one a rank"),
        (
            ["--topo", "dgx-h100:nodes=64", "--backend", "mpi", "--ranks", "4"],
            "ranks: must fill the fabric's nodes of 8 devices, got 4; on all of it: srun --nodes=64 --ntasks-per-node=8",
        ),
        (["--layers", "wire"], "layers: must be some of collective, in-network, pairs, got 'wire'"),
        (["--layers", "in-network", "--backend", "mpi"], "layers: in-network needs nccl and switches that add up"),
        (["--collective", "barrier"], "collective: must move data, got barrier"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line(arguments, line):
    if (missing := backend("mpi").missing()) is not None:
        pytest.skip(f"mpi: {missing}")
    done = CliRunner().invoke(program, ["slow", *arguments], standalone_mode=False)
    assert isinstance(done.exception, InputError), done.output
    assert str(done.exception).startswith(line)
    assert "\n" not in str(done.exception)
