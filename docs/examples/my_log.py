"""What does my log say? A log of nccl-tests read, screened, and put beside what its fabric should give."""

from pathlib import Path

import fabricbench as fb

log = fb.read_results(Path(__file__).with_name("all_reduce_perf.log"))
fabric = fb.load("rail_optimized:nodes=4,rails=8,radix=64,scale_up=nvswitch")
fb.table(log)

expected = fb.predict([result.case for result in log], fabric, fb.constants("nccl:h100"))
for measured, predicted in zip(log, expected, strict=True):
    share = measured.busbw / predicted.busbw
    print(f"{measured.case.nbytes / 2**20:6,.0f} MiB: {measured.busbw / 1e9:6.1f} GB/s, {100 * share:4.0f} % of the prediction")
