"""`doctor`: what this machine has, what is missing and the line that gets it. It installs nothing and measures nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from fabric.cli.output import formats, give
from fabric.errors import EnvironmentFault
from fabric.measure.host.devices import counted
from fabric.measure.host.inventory import Inventory
from fabric.measure.host.machine import Machine
from fabric.units import show_size


@click.command("doctor", epilog="Example: fabricbench doctor --json")
@formats
def command(*, as_json: bool, as_csv: bool) -> None:
    """Say what can be measured here and how to get what is missing; exit 3 where no backend can run."""
    from fabric.answers.doctor import doctor

    answer = doctor()
    (found,) = answer
    if as_json or as_csv:
        give(answer, as_json=as_json, as_csv=as_csv)
    else:
        click.echo("\n".join(lines(found)))
    if all(backend.missing for backend in found.backends):
        raise EnvironmentFault("doctor: no backend can run; `pip install 'fabricbench[torch]'` gets gloo")


def lines(found: Inventory) -> Iterator[str]:
    """Return what is printed, line by line."""
    here = found.machine
    gib = show_size(round(here.memory_bytes / 2**30) * 2**30)
    yield f"machine     {found.name}: {here.processor}, {here.cores} usable cores, {gib} memory, load {here.load_1min:g}"
    yield f"processor   {processor_line(here)}"
    yield from (f"devices     {gpu_line(row)}" for row in counted(found.gpus) or [{}])
    yield f"slots       {here.slots} ranks have a core or a GPU of their own"
    yield from (f"network     {nic_line(row)}" for row in counted(found.nics) or [{}])
    for backend in found.backends:
        versions = ", ".join(f"{name} {version}" for name, version in backend.versions.items())
        yield f"{backend.name:<12}{backend.missing or 'ready'}" + (f" ({versions})" if versions else "")
    for name, path in found.launchers.items():
        yield f"{name:<12}{path or 'not found'}"
    for warning in found.warnings:
        yield f"warning     {warning}"


def processor_line(here: Machine) -> str:
    """Return sockets, cores, NUMA nodes and frequency governor in words."""
    parts = [
        f"{_many(here.sockets, 'socket')}, {_many(here.physical_cores, 'physical core')} of ours",
        _many(here.numa_nodes, "NUMA node"),
        f"frequency governor {here.governor or 'not visible'}",
    ]
    return ", ".join(parts)


def gpu_line(row: Mapping[str, Any]) -> str:
    """Return GPUs of one kind in words; row: one of `counted`, empty where there are none."""
    if not row:
        return "no NVIDIA GPU"
    memory = row["memory_bytes"] and show_size(row["memory_bytes"])
    pcie = row["pcie_generation"] and f"PCIe {row['pcie_generation']} x{row['pcie_lanes'] or '?'}"
    links = row["nvlinks"] and f"{row['nvlinks']} NVLinks of {row['nvlink_bytes_per_second'] / 1e9:g} GB/s"
    known = [memory, row["compute_capability"] and f"compute {row['compute_capability']}", pcie, links or "no NVLink"]
    driver = f"driver {row['driver'] or 'unknown'}"
    return ", ".join([f"{row['count']} x {row['name']}", *(str(part) for part in known if part), driver])


def nic_line(row: Mapping[str, Any]) -> str:
    """Return network ports of one kind in words; row: one of `counted`, empty where there are none."""
    if not row:
        return "no network card"
    speed = f"{row['bytes_per_second'] * 8 / 1e9:g} Gbit/s" if row["bytes_per_second"] else "speed unknown"
    known = [f"driver {row['driver'] or 'unknown'}", speed, row["mtu"] and f"MTU {row['mtu']}"]
    numa = None if row["numa"] is None else f"NUMA node {row['numa']}"
    state = None if row["up"] else "down"
    return ", ".join([f"{row['count']} x {row['kind']}", *(str(part) for part in (*known, numa, state) if part)])


def _many(count: int | None, name: str) -> str:
    return f"unknown {name}s" if count is None else f"{count} {name}{'' if count == 1 else 's'}"
