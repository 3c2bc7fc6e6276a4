"""The same flows in SimGrid: reads a flow file's first case, prints JSON with every end, CPU seconds and peak memory.

`python benchmarks/simgrid_peer.py flows.json Lazy|Full`, by any interpreter that has simgrid 4 (docs/flows.md). Latencies must
be 0 and starts equal: SimGrid weights shares by latency. Every device is one host, and every flow has its own pair of devices
(keys source and target).
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import simgrid

EXACT = (
    "network/model:CM02",
    "network/bandwidth-factor:1",
    "network/latency-factor:1",
    "network/weight-S:0",
    "network/TCP-gamma:0",
    "network/crosstraffic:0",
    "precision/work-amount:1e-9",
    "precision/timing:1e-12",
)


def main(file: str, optim: str) -> None:
    """Simulate and print."""
    case = json.loads(Path(file).read_text())["cases"][0]
    engine = simgrid.Engine(["peer", "--log=root.thresh:critical", *(f"--cfg={x}" for x in (*EXACT, f"network/optim:{optim}"))])
    zone = engine.netzone_root.add_netzone_full("all")
    links = {entry["id"]: zone.add_link(f"l{entry['id']}", entry["capacity_Bps"]) for entry in case["links"]}
    hosts = {d: zone.add_host(f"h{d}", 1e9) for d in sorted({f[end] for f in case["flows"] for end in ("source", "target")})}
    pairs = []
    for flow in case["flows"]:
        source, target = hosts[flow["source"]], hosts[flow["target"]]
        zone.add_route(source, target, [simgrid.LinkInRoute(links[k]) for k in flow["links"]], False)
        pairs.append((source, target, flow["size_B"]))
    zone.seal()
    ends = [0.0] * len(pairs)

    def send_all() -> None:
        comms = [simgrid.Comm.sendto_async(s, t, int(size)) for s, t, size in pairs]
        simgrid.ActivitySet(comms).wait_all()
        ends[:] = [comm.finish_time for comm in comms]

    pairs[0][0].add_actor("main", send_all)
    begun = time.process_time()
    engine.run()
    seconds = time.process_time() - begun
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024  # ru_maxrss would count the parent
    print(json.dumps({"finish_s": ends, "cpu_s": seconds, "peak_mib": peak, "version": version("simgrid")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
