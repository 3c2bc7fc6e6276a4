"""What will a failed spine cost? The same all-reduce on the whole fabric, with one spine down, and with a cable down."""

import fabricbench as fb

fabric = fb.load("leaf_spine:leaves=8,spines=4,hosts_per_leaf=8")
cases = fb.cases(fabric, "all_to_all", sizes="64MiB")
whole = fb.predict(cases, fabric)[0]
print(f"whole fabric            {1e3 * whole.time:6.2f} ms, held up by {whole.bottlenecks[0]}")
for broken in ("switches:spine:1", "links:1"):
    hurt = fb.predict(cases, fabric, failures=fb.failures(fabric, broken))[0]
    print(f"{broken:20}    {1e3 * hurt.time:6.2f} ms, {hurt.time / whole.time:.2f} x, held up by {hurt.bottlenecks[0]}")

print(fb.stress([(cases[0], None)], fabric, what="switches", counts=[1, 2], seeds=3))
