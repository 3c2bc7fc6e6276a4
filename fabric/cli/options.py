"""Options that verbs which predict share, and their texts read. It prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import RANK

if TYPE_CHECKING:
    from fabric.network.placement import Devices
    from fabric.predict.constants import Constants


MOST_DEVICE = 2**31 - 1
"""The largest number that a device can have: vertices are kept in 32 bits."""
constants_option = click.option(
    "--constants", help="none, nccl, nccl:HARDWARE or a file that calibrate wrote; by default the --backend's own, else none."
)
force_option = click.option("--force", is_flag=True, help="Simulate flows whatever memory and time they take.")


def model_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a verb that predicts: constants, backend, routing, order, and to insist."""
    for option in (
        force_option,
        click.option(
            "--order",
            default="contiguous",
            show_default=True,
            help="contiguous, interleaved, strided:STEP, scattered:SEED, given:FILE.",
        ),
        click.option(
            "--routing",
            default="ideal",
            show_default=True,
            help="Policy: ideal, spray, ecmp:SEED or ecmp:FIRST-LAST, dmodk, ... (docs/routing.md).",
        ),
        click.option("--backend", help="Library whose constants and default algorithm are meant, e.g. gloo or mpi:openmpi."),
        constants_option,
    ):
        function = option(function)
    return function


def refuse_unused(names: Mapping[str, str], why: str) -> None:
    """Refuse options that stand on the command line and would be without effect: parameter -> the option's name.

    Raises:
        InputError: the first of them that was given.
    """
    from topologies.errors import InputError

    context = click.get_current_context()
    for name, option in names.items():
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise InputError(f"{option}: {why}; leave it out")


def constants_asked(asked: Mapping[str, Any]) -> Constants | None:
    """Return the constants that --constants and --backend name, None where neither does: those of the fabric's node then.

    Raises:
        InputError: no such name or file, or a file whose constants are not the backend's.
    """
    from fabric.predict.constants import constants_of

    text, backend = asked["constants"], asked["backend"]
    return None if text is None and backend is None else constants_of(text, backend)


def case_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of what only some collectives have: root, and parameters such as skew."""
    function = click.option("--root", type=RANK, help="Root of a rooted collective; 0 where it is not given.")(function)
    return click.option("--param", multiple=True, help="KEY=VALUE of the collective, e.g. skew=1.2 or fan_in=8; repeatable.")(
        function
    )


def read_params(texts: Sequence[str]) -> dict[str, float | str]:
    """Return a collective's parameters from KEY=VALUE texts; InputError naming the one that is none."""
    from fabric.text.escape import shown
    from fabric.text.numbers import maybe_real
    from topologies.errors import InputError

    found: dict[str, float | str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        number = maybe_real(value)
        if number is None or not (key and equals):
            raise InputError(f"param: must be KEY=NUMBER, such as skew=1.2, got {shown(text)}")
        found[key] = number
    return found


def read_order(text: str) -> tuple[str, Devices | None]:
    """Return the order's name and, for given:FILE, the devices in the file: numbers apart from each other by blanks or commas.

    Raises:
        InputError: a file that cannot be read, or a word in it that is no number.
    """
    from pathlib import Path

    import numpy as np

    from fabric.network.placement import given_order
    from fabric.text.escape import terminal
    from fabric.text.files import read_text
    from topologies.errors import InputError

    kind, _, name = text.partition(":")
    if kind != "given":
        return text, None
    words = read_text(Path(name), "order").replace(",", " ").split()
    if not words:
        raise InputError(f"order: must be device numbers, {terminal(name)} holds none")
    devices = np.array([_device(word) for word in words], dtype=np.int64)
    return given_order(devices), devices


def _device(word: str) -> int:
    """Return a device's number."""
    from fabric.text.escape import shown
    from fabric.text.numbers import natural
    from topologies.errors import InputError

    found = natural(word)
    if found is None or found > MOST_DEVICE:
        raise InputError(f"order: must be device numbers, got {shown(word)}")
    return found
