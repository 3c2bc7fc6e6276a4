"""The program: finds the verb, runs it, turns errors into one line and an exit code. It computes nothing itself."""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn

import click

from fabric.cli.lazy import LazyGroup
from fabric.errors import EnvironmentFault
from fabric.text.escape import terminal
from topologies.errors import InputError

VERBS = {
    "show": "Counts and proofs of a topology.",
    "build": "Write a fabric (topology, speeds, latencies) to a file; `build local` measures this machine.",
    "predict": "Predict collectives on a fabric with the cost model.",
    "measure": "Measure real collectives on the devices of this machine or cluster.",
    "slow": "Which node, rail, link or boundary is slow, many at once; and the bandwidth between two halves.",
    "launch": "Print the batch file that measures a run on a Slurm cluster.",
    "import": "Read other benchmarks' logs (nccl-tests, OSU, IMB, hccl_test, perftest ...) as results, and screen them.",
    "fleet": "A whole centre: where its hours and money go, where to put a job, how a live cluster lies.",
    "judge": "Is a measured number good? Good, watch or bad against what the fabric should give, and why.",
    "calibrate": "Fit a library's alphas and betas from measured results; score the fit on held-out sizes.",
    "compare": "Put two sets of results side by side, case by case.",
    "gate": "Is B slower than A? Interleaved pairs and a verdict per cell, for CI.",
    "scale": "Scaling efficiency versus cluster size, measured and predicted in one table.",
    "report": "Write the page of any results on their fabric: measured, imported or predicted.",
    "training": "What a training step of a language model takes on a fabric, part by part; the fastest plan.",
    "serving": "What a serving replica of a language model does: time to a token, tokens a second, memory.",
    "jobs": "Several jobs at once on one fabric, and what they cost each other.",
    "stress": "How much longer collectives take as cables, switches or planes fail.",
    "flows": "Simulate explicit flows that share links max-min fairly: every finish time.",
    "throughput": "What every endpoint can send at once: between what is achieved and what no routing can beat.",
    "review": "Compare candidate fabrics: bill, performance, failures, growth, limits, verdict; or search designs.",
    "read": "Read a fabric from another tool's file: ibnetdiscover, Slurm, GraphML, CSV of cables ...",
    "write": "Write a fabric in another tool's format.",
    "hardware": "What is known of a device, node, link, NIC or switch: facts, sources, conflicts.",
    "equivalent": "How many of another node do the same work in the same time, at what power, price and space.",
    "audit": "What is built against what was designed: missing, extra, swapped and degraded cables.",
    "twin": "Bring a fabric up for real on this machine: run on it, predict, compare.",
    "schema": "The JSON Schema of what a verb's --json prints, or of a file.",
    "doctor": "What this machine has, what is missing, and how to get it.",
}
"""Verb -> one line of help; the code is `fabric/cli/<verb>.py` and is imported only when the verb runs."""
MODULES = {name: f"fabric.cli.{name}" for name in VERBS} | {"import": "fabric.cli.imports"}
"""Verb -> its module; a keyword cannot be the name of one."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""What printing fails with where there is no room, or nothing to print to."""
EXIT_BAD_INPUT, EXIT_ENVIRONMENT, EXIT_INTERRUPTED = 2, 3, 130


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click's callback signature
    if value:
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("fabricbench")
        except PackageNotFoundError:
            found = "not installed (run from its sources)"
        click.echo(f"fabricbench {found}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    modules=MODULES,
    title="Verbs",
    epilog="Example: fabricbench show fat_tree:k=8",
    context_settings={"max_content_width": 110},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version.")
def program() -> None:
    """How should this cluster be wired? Predict collectives on a fabric, measure them, put both side by side.

    TOPO is a short form such as fat_tree:k=8 or the YAML file of a fabric.
    """


def fail(line: str, code: int) -> NoReturn:
    """Print one line on standard error, whatever is in it, and leave with the exit code."""
    click.echo(f"fabricbench: {terminal(line)}", err=True)
    raise SystemExit(code)


def _drop_output() -> None:
    """Let what is left to print go nowhere: Python would try once more while it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main() -> None:
    """Run the command line: exit 0 good, 1 verdict against, 2 bad input, 3 environment, 130 Ctrl-C."""
    if sys.stdout is None:  # closed by whoever started us
        fail("output: standard output is closed; redirect it to a file or to /dev/null", EXIT_ENVIRONMENT)
    try:
        status = _answer()
        sys.stdout.flush()  # what cannot be written is found here, and not while Python ends
    except BrokenPipeError:  # the reader left, as `| head` does: nothing more to say
        _drop_output()
        status = EXIT_ENVIRONMENT
    except OSError as error:
        if error.filename is not None or error.errno not in NO_ROOM:
            raise
        _drop_output()
        fail(f"output: cannot write to standard output: {error.strerror}; make room, or write elsewhere", EXIT_ENVIRONMENT)
    raise SystemExit(status)


def _example(error: click.ClickException) -> str:
    """Return a verb's example where something that it needs is missing, else nothing."""
    context = error.ctx if isinstance(error, click.MissingParameter) else None
    return (context.command.epilog or "") if context else ""


def _answer() -> int:
    """Return the exit code of the verb that was asked for, its errors said in one line."""
    out = sys.stdout
    try:
        status = program.main(prog_name="fabricbench", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return EXIT_BAD_INPUT
    except click.ClickException as error:
        fail(" ".join(f"{error.format_message()} {_example(error)}".split()), EXIT_BAD_INPUT)
    except InputError as error:
        fail(str(error), EXIT_BAD_INPUT)
    except EnvironmentFault as error:
        fail(str(error), EXIT_ENVIRONMENT)
    except (KeyboardInterrupt, click.Abort):
        fail("interrupted", EXIT_INTERRUPTED)
    except SystemExit as leaving:
        if sys.stdout is not out:  # click's own ending, with 1, of a reader that left: it wraps what is written to
            raise BrokenPipeError from None
        status = leaving.code
    return status if isinstance(status, int) else 0
