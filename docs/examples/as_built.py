"""Is it built as designed? A fabric written as another tool's file, one cable plugged in wrong, audited against the design."""

import tempfile
from pathlib import Path

import fabricbench as fb

design = fb.load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=4")
with tempfile.TemporaryDirectory() as folder:
    dump = Path(folder) / "cables.csv"
    fb.write(design, "csv", dump)
    dump.write_text(dump.read_text().replace("leaf0,spine0", "leaf0,spine1"))
    for row in fb.audit(dump, design, trust="names").rows():
        print(row["kind"], *row["vertices"])
