"""How fast is this machine, and how well does the model know it? Two ranks measured, fitted, and scored on other sizes."""

import fabricbench as fb

here = fb.build("local")[0]
results = fb.measure(
    backend="gloo", ranks=[2], sizes="1KiB,2KiB,4KiB,8KiB,16KiB,32KiB,64KiB,128KiB,256KiB,512KiB,1MiB", iters=30
)
fit = fb.calibrate(results, here)
fb.table(fit)
held = [abs(row["error"]) for row in fit.rows() if row["use"] == "held out"]
print(f"largest error on {len(held)} sizes that the fit has not seen: {100 * max(held):.0f} %")
