"""What does my log say? A log of nccl-tests read, screened, and put beside what its fabric should give."""

from pathlib import Path

import fabricbench as fb

log = fb.read_results(Path(__file__).with_name("all_reduce_perf.log"), collective="all_reduce")
fabric = fb.load("rail_optimized:nodes=4,rails=8,radix=64,scale_up=nvswitch")
fb.table(log)

measured = [result for result in log if not result.case.in_place]
expected = fb.predict([result.case for result in measured], fabric, fb.constants("nccl:h100"))
for one, model in zip(measured, expected, strict=True):
    size, share = one.case.nbytes / 2**20, one.busbw / model.busbw
    print(f"{size:6,.0f} MiB: {one.busbw / 1e9:6.1f} GB/s, {100 * share:4.0f} % of what the model expects at best")
