"""What do two jobs cost each other? On neighbouring leaves, and dealt out over all of them."""

import fabricbench as fb

fabric = fb.load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8")
train = fb.cases(fabric, "all_reduce", sizes="64MiB", ranks=[16])[0]
shuffle = fb.cases(fabric, "all_to_all", sizes="64MiB", ranks=[16])[0]
for order in ("contiguous", "interleaved"):
    first, second = fb.jobs([(train, "ring"), (shuffle, "direct")], fabric, order=order, routing="ecmp:1")
    for job in (first, second):
        alone, beside = job.prediction.alone_seconds, job.time
        print(f"{order:12} {job.case.collective:11} {1e3 * alone:6.2f} ms alone, {1e3 * beside:6.2f} ms beside the other")
