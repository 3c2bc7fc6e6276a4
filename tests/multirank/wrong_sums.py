"""The command line with a library that is wrong on rank 1: every run of an operation leaves one element one too large."""

from dataclasses import replace

from fabric.cli.main import main
from fabric.measure.backends.mpi import MpiGroup

right = MpiGroup.operation


def wrong(self, case, rank):
    operation = right(self, case, rank)
    if rank != 1 or case.nbytes < 1024:
        return operation

    def run():
        operation.run()
        operation.target[len(operation.target) // 2] += 1

    return replace(operation, run=run)


MpiGroup.operation = wrong
main()
