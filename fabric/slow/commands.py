"""What to run next as command lines, in the tool that made the logs; nothing runs them. It does not choose the groups.

A line keeps its output in the folder of the logs, so that `slow --from` reads it with the others.
Source of options: NVIDIA/nccl-tests README, linux-rdma/perftest README, OSU micro-benchmarks 7.4, read 2026-11-29.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from fabric.slow.logs import Layer, Timed

PERFTEST = {"rdma_write": "ib_write", "rdma_read": "ib_read", "send": "ib_send"}
SHORT = {"all_to_all": "alltoall", "all_to_all_v": "alltoallv"}
OSU = {"bandwidth": "bw", "bibandwidth": "bibw", "latency": "latency"}


def command_lines(layer: Layer, groups: Sequence[Sequence[str]], folder: Path) -> list[str]:
    """Return a line per group that runs it again as the layer's logs were run; of perftest one per pair of hosts."""
    one = layer.tests[0]
    most = max(layer.tests, key=lambda test: test.ranks / len(test.hosts))
    each = max(1, most.ranks // len(most.hosts))
    where = folder if folder.is_dir() else folder.parent
    if one.tool == "import:perftest":
        return [_perftest(one, pair, where) for group in groups for pair in _pairs(group)]
    return [_group(one, group, each, where) for group in groups]


def _pairs(group: Sequence[str]) -> list[tuple[str, str]]:
    """Return the group as pairs; an odd host meets the first."""
    both = list(zip(group[::2], group[1::2], strict=False))
    return [*both, (group[-1], group[0])] if len(group) % 2 and len(group) > 1 else both


def _group(one: Timed, group: Sequence[str], each: int, where: Path) -> str:
    seats = shlex.quote(",".join(f"{host}:{each}" for host in group))
    start = f"mpirun -np {each * len(group)} -H {seats}"
    stated = "echo " + shlex.quote(f"# hosts: {' '.join(group)}")
    stem = f"next-{group[0]}-{len(group)}.log"
    out = shlex.quote(str(where / stem))
    if one.tool in ("import:nccl-tests", "import:rccl-tests"):
        perf = f"{SHORT.get(one.collective, one.collective)}_perf"
        run = f"{perf} -b {one.nbytes} -e {one.nbytes} -g 1"
        if not one.algorithm:
            return f"{start} {run} >> {out}"
        ran = shlex.quote(one.algorithm)
        return f"(echo {shlex.quote(f'# algorithm: {one.algorithm}')}; {start} -x NCCL_ALGO={ran} {run}) >> {out}"
    if one.tool == "import:osu":
        name = OSU.get(one.collective, one.collective.replace("_", ""))
        return f"({stated}; {start} osu_{name} -m {one.nbytes}:{one.nbytes}) > {out}"
    if not one.tool.startswith("import:"):
        kept = shlex.quote(str(where / f"{','.join(group)}.jsonl"))
        backend = one.tool.partition(":")[0]
        what = f"--collective {one.collective} --sizes {one.nbytes}"
        return f"{start} fabricbench measure --backend {backend} {what} --topo none -o {kept}"
    return f"({stated}; RUN IT AS BEFORE ON THESE HOSTS) > {out}"


def _perftest(one: Timed, pair: Sequence[str], where: Path) -> str:
    """Return the line that starts the server on the one and the client on the other."""
    server, client = map(shlex.quote, pair)
    verb = PERFTEST.get(next((part for part in one.way if part in PERFTEST), ""), "ib_write")
    name = f"{verb}_{'lat' if one.collective == 'latency' else 'bw'}"
    both = " -b" if one.collective == "bibandwidth" else ""
    run = f"{name}{both}{f' -d {shlex.quote(one.device)}' if one.device else ''} -s {one.nbytes}"
    out = shlex.quote(str(where / f"next-{pair[1]}-{pair[0]}{f'-{one.device}' if one.device else ''}.log"))
    said = shlex.quote(f"# hosts: {pair[1]} {pair[0]}")
    return f"ssh {server} {run} & sleep 1; (echo {said}; ssh {client} {run} {server}) > {out}"
