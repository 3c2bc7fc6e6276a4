"""`hardware`: lists the catalogue, or shows one entry's facts, sources and conflicts. The facts are in fabric/hardware/data."""

from __future__ import annotations

import click

from fabric.cli.output import formats, give


@click.command("hardware", epilog="Example: fabricbench hardware dgx-h100", context_settings={"max_content_width": 110})
@click.argument("name", required=False)
@formats
def command(*, name: str | None, as_json: bool, as_csv: bool) -> None:
    """Show what is known of a device, node, link, NIC, switch or optic: every fact, its source, what contradicts it.

    Without NAME: what there is. FABRICBENCH_HARDWARE names a YAML file of your own, whose facts count first.
    """
    from fabric.answers.hardware import hardware

    give(hardware(name), as_json=as_json, as_csv=as_csv)
