"""Reads what `lldpctl -f json` says on every machine, gathered as {"NAME": {"lldp": ...}, ...}. It knows no speeds.

A neighbour that says it bridges or routes is a switch, as is a machine whose neighbours say so of it; any other is a host.
A cable is seen from one end or from both; seen twice it is taken once, by its ports. Layout checked against lldpd/lldpd,
src/client/json_writer.c and display.c (-f json, not json0): a chassis without a system name stands there without a name
around it and is called by its id; a port named by its MAC address has the interface's name as its description.
"""

from __future__ import annotations

from typing import Any

from fabric.formats.defects import NOISE, Defect, left_out
from fabric.formats.faults import fault, line_of, load_json
from fabric.formats.named import Cable, Named, Vertex
from fabric.formats.observe import check_hosts, observed
from topologies.errors import InputError

SWITCH = {"Bridge", "Router"}
End = tuple[str, str]


def read(text: str, where: str) -> Named:
    """Return the fabric of the gathered output; a machine or a neighbour that cannot be made sense of is a defect.

    Raises:
        InputError: it is none, or nothing of it is left.
    """
    content = load_json(text, where)
    if not isinstance(content, dict) or "lldp" in content or not content:
        raise fault(where, 1, '{"NAME": output of lldpctl -f json, ...}: who asked must be named', content)
    kinds: dict[str, bool] = {str(name): True for name in content}
    seen: dict[frozenset[End], int] = {}
    defects: list[Defect] = []
    reports = {str(name): _interfaces(str(name), report, text, where, defects) for name, report in content.items()}
    own = {name: {port for port, _ in found} for name, found in reports.items()}
    for name, found in reports.items():
        for port, neighbour in found:
            try:
                far, is_switch = _neighbour(name, port, neighbour, text, where)
                far_port = _far_port(name, port, neighbour.get("port"), own.get(far, set()), text, where)
            except InputError as error:
                line = line_of(text, f'"{port}"')
                defects.append(left_out(NOISE, error, where, line, f"what {name} hears on {port} is left out"))
                continue
            kinds[far] = kinds.get(far, True) and not is_switch
            cable = frozenset({(name, port), (far, far_port)})
            seen[cable] = seen.get(cable, 0) + 1
    silent = sum(name not in content for name in kinds)
    once = sum(count == 1 for count in seen.values())
    losses = [f"{once} of {len(seen)} cables are seen from one end only"] * bool(once)
    losses += [f"{silent} machines are known by their neighbours only"] * bool(silent)
    cables = [Cable(a, b, port_a=p, port_b=q) for (a, p), (b, q) in (sorted(ends) for ends in seen if len(ends) == 2)]
    if not cables and defects:
        check_hosts((), defects, where)
    return observed([Vertex(name, is_host) for name, is_host in kinds.items()], cables, where, losses, defects)


def _interfaces(
    name: str, report: Any, text: str, where: str, defects: list[Defect]
) -> list[tuple[str, dict[str, Any]]]:  # any JSON
    """Return (local port, what its neighbour says); lldpctl writes one interface as an object, several as a list."""
    found = report.get("lldp", {}) if isinstance(report, dict) else None
    interfaces = found.get("interface", []) if isinstance(found, dict) else None
    interfaces = [{k: v} for k, v in interfaces.items()] if isinstance(interfaces, dict) else interfaces
    if not isinstance(interfaces, list):
        error = fault(where, line_of(text, name), '"lldp": {"interface": [{PORT: {...}}]}', report)
        defects.append(left_out(NOISE, error, where, line_of(text, name), f"what {name} hears is left out"))
        return []
    pairs = [
        (str(port), heard) for one in interfaces for port, heard in (one.items() if isinstance(one, dict) else [(name, one)])
    ]
    for port, heard in pairs:
        if not isinstance(heard, dict):
            error = fault(where, line_of(text, port), "an object with chassis and port", heard)
            defects.append(left_out(NOISE, error, where, line_of(text, port), f"this neighbour of {name} is left out"))
    return [(port, heard) for port, heard in pairs if isinstance(heard, dict)]


def _neighbour(name: str, port: str, neighbour: dict[str, Any], text: str, where: str) -> tuple[str, bool]:
    """Return the neighbour's name, or its chassis id where it has none, and whether it says it is a switch."""
    chassis = neighbour.get("chassis")
    far, about = _named(chassis) if isinstance(chassis, dict) else ("", {})
    if not far:
        raise fault(where, line_of(text, f'"{port}"'), f"one named chassis and a port id for {name} {port}", neighbour)
    abilities = about.get("capability", [])
    abilities = [abilities] if isinstance(abilities, dict) else abilities
    if not isinstance(abilities, list) or not all(isinstance(a, dict) for a in abilities):
        raise fault(where, line_of(text, f'"{port}"'), "capability: a list of type and enabled", abilities)
    return far, any(str(a.get("type")) in SWITCH and a.get("enabled") is True for a in abilities)


def _named(chassis: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the chassis' name and what is said of it; an empty name where neither name nor id can be told."""
    ident = chassis.get("id")
    if isinstance(ident, dict) and "type" in ident:
        value = ident.get("value")
        return (value if isinstance(value, str) else ""), chassis
    names = [key for key in chassis if isinstance(chassis[key], dict)]
    return (names[0], chassis[names[0]]) if len(names) == 1 else ("", {})


def _far_port(name: str, port: str, far: Any, own: set[str], text: str, where: str) -> str:  # far: any JSON
    """Return the port's name: the one its machine uses itself, else the id, or the description of a MAC address."""
    ident = far.get("id") if isinstance(far, dict) else None
    value = ident.get("value") if isinstance(ident, dict) else None
    if not isinstance(value, str) or not isinstance(ident, dict):
        raise fault(where, line_of(text, f'"{port}"'), f"one named chassis and a port id for {name} {port}", far)
    described = far.get("descr")
    if not isinstance(described, str) or not described or value in own:
        return value
    return described if described in own or ident.get("type") == "mac" else value
