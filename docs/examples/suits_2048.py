"""Does this fabric suit 2,048 GPUs? Scaling efficiency of two candidates, as NCCL would run them."""

import fabricbench as fb

rails = fb.load("rail_optimized:nodes=256,rails=8,radix=64,scale_up=nvswitch")
clos = fb.load("clos:radix=64,tiers=3,endpoints=2048,oversubscription=3,devices_per_node=8,scale_up=nvswitch")
nccl = fb.constants("nccl:h100")

answer = fb.scale([rails, clos], "all_reduce", sizes="1GiB", ranks=[64, 512, 2048], constants=nccl)
fb.table(answer)

for fabric in (rails, clos):
    last = [row for row in answer if row.predicted.fabric == fabric.name][-1]
    print(f"{fabric.topology.family}: {100 * last.efficiency:.0f} % of the bound on {last.case.world_size:,} GPUs")
