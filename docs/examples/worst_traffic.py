"""What can every endpoint send at once? Between what a routing achieves and what none can beat, for two fabrics."""

import fabricbench as fb

for topo in ("fat_tree:k=8", "dragonfly:p=2,a=4,h=2"):
    for traffic in ("uniform", "worst"):
        answer = fb.throughput(fb.load(topo), traffic)
        best = answer.beside
        print(f"{topo:24} {traffic:8}", {key: best[key] for key in best if key.endswith(("low", "high"))} or answer.rows()[0])
