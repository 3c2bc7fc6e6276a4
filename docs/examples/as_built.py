"""Is it built as designed? A fabric written as another tool's file, one cable gone from it, audited against the design."""

import tempfile
from pathlib import Path

import fabricbench as fb

design = fb.load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=4")
with tempfile.TemporaryDirectory() as folder:
    dump = Path(folder) / "cables.csv"
    fb.write(design, "csv", dump)
    lines = dump.read_text().splitlines()
    lost = next(line for line in lines[1:] if "spine" in line)
    dump.write_text("\n".join(line for line in lines if line != lost) + "\n")
    print("left out:", lost)
    for row in fb.audit(dump, design).rows():
        print(row["kind"], *row.get("designed", row["vertices"]))
