"""The same flows in SimGrid: reads a flow file's first case, prints JSON with every end, CPU seconds and peak memory.

`python benchmarks/simgrid_peer.py flows.json`, by any interpreter that has simgrid 4 (docs/flows.md). Latencies must be 0 and
starts equal: SimGrid weights shares by latency. Every flow gets its own pair of hosts, so that it takes its own links.
"""

import json
import resource
import sys
import time
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


def main(file: str) -> None:
    """Simulate and print."""
    case = json.loads(Path(file).read_text())["cases"][0]
    engine = simgrid.Engine(["peer", "--log=root.thresh:critical", *(f"--cfg={x}" for x in EXACT)])
    zone = engine.netzone_root.add_netzone_full("all")
    links = {entry["id"]: zone.add_link(f"l{entry['id']}", entry["capacity_Bps"]) for entry in case["links"]}
    pairs = []
    for i, flow in enumerate(case["flows"]):
        source, target = zone.add_host(f"s{i}", 1e9), zone.add_host(f"t{i}", 1e9)
        route = [simgrid.LinkInRoute(links[k]) for k in flow["links"]]
        zone.add_route(source, target, route, False)
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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"finish_s": ends, "cpu_s": seconds, "peak_mib": peak, "version": "4.1"}))


if __name__ == "__main__":
    main(sys.argv[1])
