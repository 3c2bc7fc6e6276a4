"""A plan as the exact shell script that brings it up: `ip -batch`, `tc -batch` and sysctls. It runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fabric.twin.plan import Box, End, Route, TwinPlan, Wire

HEADER = (
    "Runs as root of network, mount and process namespaces of its own, with a fresh /run:",
    "unshare --user --map-root-user --net --mount --pid --fork sh -c 'mount -t proc proc /proc; mount -t tmpfs tmpfs /run; sh'",
)
STAND_IN = "/run/enter"
"""In place of ssh, for launchers: `enter HOST COMMAND ...` runs a command in a host, under the host's name."""
STAND_IN_LINES = (
    "#!/bin/sh",
    "PATH=$PATH:/usr/sbin:/sbin",
    'while [ "${1#-}" != "$1" ]; do shift; done',
    "host=$1; shift",
    'exec ip netns exec "$host" unshare --uts sh -c "hostname $host; $*"',
)
LEAST_BURST, BURST_SECONDS = 80_000, 0.00104
"""Bytes and seconds of a token bucket: it must hold one packet of 64 KiB, else every packet is cut (8-15 % error, 3.5x CPU)."""
QUEUE = 16_000_000
"""Bytes that a link queues: deep, so that nothing is dropped."""
CONGESTION_CONTROL = "cubic"
EVERYWHERE = {
    "ipv4/conf/all/rp_filter": 0,
    "ipv4/conf/default/rp_filter": 0,
    "ipv4/tcp_ecn": 0,
    "ipv4/tcp_no_metrics_save": 1,
    "ipv4/tcp_slow_start_after_idle": 0,
}
NO_IPV6 = {"ipv6/conf/all/disable_ipv6": 1, "ipv6/conf/default/disable_ipv6": 1}
"""Where the kernel has it at all: its neighbour discovery would be traffic of its own."""
SWITCHES = {"ipv4/ip_forward": 1, "ipv4/conf/all/send_redirects": 0, "ipv4/conf/default/send_redirects": 0}
HASHING = {"fib_multipath_hash_policy": 3, "fib_multipath_hash_fields": 0x37, "fib_multipath_hash_seed": "$1"}
"""By addresses, protocol and ports, with a known seed: what `ip route get` is told too, so that it names the real path."""


def script(plan: TwinPlan) -> str:
    """Return the shell script; it stops at the first error. It must run as root of its own network and mount namespace."""
    parts = [*(f"# {line}" for line in HEADER), "set -e", *_hosts_file(plan), *_settings_files(ecmp=_hashes(plan))]
    parts += [f"cat > {STAND_IN} <<'END'", *STAND_IN_LINES, "END", f"chmod 755 {STAND_IN}"]
    parts += _batch("ip -batch -", (f"netns add {box.name}" for box in plan.boxes))
    parts += [_settings(box) for box in plan.boxes]
    parts += _batch("ip -batch -", (_veth(wire) for wire in plan.wires))
    ends: dict[str, list[End]] = {box.name: [] for box in plan.boxes}
    routes: dict[str, list[Route]] = {box.name: [] for box in plan.boxes}
    for wire in plan.wires:
        ends[wire.lower.box].append(wire.lower)
        ends[wire.upper.box].append(wire.upper)
    for route in plan.routes:
        routes[route.box].append(route)
    for box in plan.boxes:
        parts += _batch(f"ip -n {box.name} -batch -", _addresses_and_routes(box, ends[box.name], routes[box.name]))
        parts += _batch(f"tc -n {box.name} -batch -", (_limit(end) for end in ends[box.name]))
    return "\n".join(parts) + "\n"


def change(before: TwinPlan, after: TwinPlan) -> str:
    """Return the shell script that turns one plan into another on a live twin: links set down or up, rates, seeds, routes.

    Both have the same boxes, and after's interfaces are among those of the plan that was brought up.
    """
    was, now = _ends(before), _ends(after)
    parts = ["set -e"]
    parts += [f"ip -n {box} link set {name} down" for box, name in was.keys() - now.keys()]
    parts += [f"ip -n {box} link set {name} up" for box, name in now.keys() - was.keys()]
    # a link that comes back does so at another rate, maybe
    parts += [f"tc -n {e.box} {_limit(e, 'change')}" for key, e in now.items() if key not in was or was[key].rate != e.rate]
    seeds = {box.name: box.seed for box in before.boxes}
    parts += [_settings(box) for box in after.boxes if seeds[box.name] != box.seed]
    lines: dict[str, list[str]] = {}
    for route in after.routes:
        lines.setdefault(route.box, []).append(_route(route, "replace"))
    for box, own in lines.items():
        parts += _batch(f"ip -n {box} -batch -", own)
    return "\n".join(parts) + "\n"


def _ends(plan: TwinPlan) -> dict[tuple[str, str], End]:
    return {(end.box, end.interface): end for wire in plan.wires for end in (wire.lower, wire.upper)}


def burst(rate: int) -> int:
    """Return the bytes of a token bucket of so many bits per second."""
    return max(LEAST_BURST, round(rate / 8 * BURST_SECONDS))


def _hashes(plan: TwinPlan) -> bool:
    return any(len(route.hops) > 1 for route in plan.routes)


def _hosts_file(plan: TwinPlan) -> list[str]:
    """Return what gives every host a name, in a file that only the twin sees."""
    lines = ["127.0.0.1 localhost", *(f"{box.addresses[0][1]} {box.name}" for box in plan.boxes if box.addresses)]
    lines += [f"{address} {box.name}-{name}" for box in plan.boxes for name, address in box.addresses[1:]]
    return ["cat > /run/hosts <<'END'", *lines, "END", "mount --bind /run/hosts /etc/hosts"]


def _batch(command: str, lines: Iterable[str]) -> list[str]:
    return [f"{command} <<'END'", *lines, "END"]


def _settings_files(*, ecmp: bool) -> list[str]:
    """Return what writes one file of settings for hosts and one for switches, which take the hash's seed."""
    both = [f"echo {value} > {name}" for name, value in EVERYWHERE.items()]
    both += [f"[ ! -e {name} ] || echo {value} > {name}" for name, value in NO_IPV6.items()]
    hashed = [f"echo {value} > ipv4/{name}" for name, value in HASHING.items()] if ecmp else []
    own = {"host": ["echo 0 > ipv4/ip_forward"], "switch": [f"echo {value} > {name}" for name, value in SWITCHES.items()]}
    return [
        line
        for kind, lines in own.items()
        for line in (f"cat > /run/{kind}.sh <<'END'", "cd /proc/sys/net", *both, *lines, *hashed, "END")
    ]


def _settings(box: Box) -> str:
    return f"nsenter --net=/run/netns/{box.name} sh -e /run/{'host' if box.host else 'switch'}.sh {box.seed}"


def _veth(wire: Wire) -> str:
    low, up = wire.lower, wire.upper
    return f"link add {low.interface} netns {low.box} type veth peer name {up.interface} netns {up.box}"


def _addresses_and_routes(box: Box, ends: list[End], routes: list[Route]) -> Iterator[str]:
    yield "link set lo up"
    yield from (f"addr add {address}/32 dev {interface}" for interface, address in box.addresses)
    yield from (f"link set {end.interface} up" for end in ends)
    yield from (_route(route) for route in routes)


def _route(route: Route, verb: str = "add") -> str:
    """Return the line of a route. On hosts every segment is acknowledged at once: delayed ones cost 40 ms a time."""
    own = f" src {route.source}" if route.source else ""
    line = f"route {verb} {route.destination}/32{own}"
    if route.source:
        line += f" quickack 1 congctl {CONGESTION_CONTROL}"
    if len(route.hops) == 1:
        return f"{line} via {route.hops[0].via} dev {route.hops[0].interface} onlink"
    return line + "".join(f" nexthop via {hop.via} dev {hop.interface} onlink" for hop in route.hops)


def _limit(end: End, verb: str = "add") -> str:
    return f"qdisc {verb} dev {end.interface} root tbf rate {end.rate}bit burst {burst(end.rate)} limit {QUEUE}"
