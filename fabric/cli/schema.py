"""`schema [NAME]`: the JSON Schema of what --json prints, or of a file. It holds none itself."""

from __future__ import annotations

import json

import click

from fabric.cli.output import formats, give


@click.command("schema", epilog="Example: fabricbench schema predict", context_settings={"max_content_width": 110})
@click.argument("name", required=False)
@formats
def command(*, name: str | None, as_json: bool, as_csv: bool) -> None:
    """Print the JSON Schema of NAME: a verb's --json, a results file, a fabric, constants; without NAME, all names."""
    from fabric.answers.catalog import schema, schemas

    if name is None:
        give(schemas(), as_json=as_json, as_csv=as_csv)
    else:
        click.echo(json.dumps(schema(name), indent=None if as_json else 2))
