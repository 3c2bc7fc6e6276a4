"""Does the order of my ranks matter? A ring over 4 racks in order, dealt out, and at random."""

import fabricbench as fb

fabric = fb.load("clos:radix=16,tiers=2,endpoints=64,oversubscription=3")
for order in ("contiguous", "interleaved", "scattered:1"):
    case = fb.cases(fabric, sizes="256MiB", order=order)[0]
    ring, doubling = (fb.predict([case], fabric, algorithm=name)[0] for name in ("ring", "recursive_doubling"))
    print(f"{order:12} ring {1e3 * ring.time:7.2f} ms, recursive doubling {1e3 * doubling.time:7.2f} ms")
