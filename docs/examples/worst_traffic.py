"""What can every endpoint send at once? Between what is achieved and what no routing can beat, for two fabrics."""

import fabricbench as fb

for topo in ("fat_tree:k=8", "dragonfly:p=2,a=4,h=2"):
    for traffic in ("uniform", "worst"):
        rows = fb.throughput(fb.load(topo), traffic).rows()
        achieved = max(row["theta"] or 0.0 for row in rows if row["side"] != "bound")
        bound = min(row["theta"] for row in rows if row["side"] != "achieved" and row["theta"])
        print(f"{topo:22} {traffic:8} {achieved:.3f} to {bound:.3f} of a port's speed")
