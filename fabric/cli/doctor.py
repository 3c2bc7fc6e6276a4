"""`doctor`: what this machine has, what is missing and the line that gets it. It installs nothing and measures nothing."""

from __future__ import annotations

from collections.abc import Iterator

import click

from fabric.cli.output import emit, formats
from fabric.errors import EnvironmentFault
from fabric.measure.inventory import Inventory, inventory
from fabric.units import show_size


@click.command("doctor", epilog="Example: fabricbench doctor --json")
@formats
def command(*, as_json: bool, as_csv: bool) -> None:
    """Say what can be measured here and how to get what is missing; exit 3 where no backend can run."""
    found = inventory()
    if not emit("doctor", [found.to_dict()], as_json=as_json, as_csv=as_csv):
        click.echo("\n".join(lines(found)))
    if all(backend.missing for backend in found.backends):
        raise EnvironmentFault("doctor: no backend can run; `pip install 'fabricbench[torch]'` gets gloo")


def lines(found: Inventory) -> Iterator[str]:
    """Return what is printed, line by line."""
    here = found.machine
    gib = show_size(round(here.memory_bytes / 2**30) * 2**30)
    yield f"machine     {found.name}: {here.processor}, {here.cores} usable cores, {gib} memory, load {here.load_1min:g}"
    yield f"devices     {', '.join(here.devices) or 'no NVIDIA GPU'}; {here.slots} slots for ranks"
    for backend in found.backends:
        versions = ", ".join(f"{name} {version}" for name, version in backend.versions.items())
        yield f"{backend.name:<12}{backend.missing or 'ready'}" + (f" ({versions})" if versions else "")
    for name, path in found.launchers.items():
        yield f"{name:<12}{path or 'not found'}"
    for warning in found.warnings:
        yield f"warning     {warning}"
