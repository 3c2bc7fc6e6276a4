"""Runs a program as ranks with torchrun's variables, forked once torch is imported: under torchrun each rank imports it anew.

Arguments: how many ranks, the program's file, its own arguments.
"""

import os
import runpy
import socket
import sys
from multiprocessing import get_context

import torch.distributed  # noqa: F401  # for all ranks


def run(rank, shared, program):
    os.environ.update(shared, RANK=str(rank), LOCAL_RANK=str(rank))
    sys.argv = [*program]
    runpy.run_path(program[0], run_name="__main__")


def main(count, *program):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {"WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    started = [get_context("fork").Process(target=run, args=(rank, shared, program)) for rank in range(int(count))]
    for process in started:
        process.start()
    for process in started:
        process.join()
    sys.exit(max(abs(process.exitcode) for process in started))


if __name__ == "__main__":
    main(*sys.argv[1:])
