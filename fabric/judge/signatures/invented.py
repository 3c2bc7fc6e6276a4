"""Invented table: the in-place column is the other one plus the same few microseconds. It cannot tell who made it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from fabric.judge.judgement import Signature
from fabric.judge.nominal import Nominal
from fabric.judge.table import Table

NAME = "invented table"
FEWEST, SHARE = 10, 0.5
"""Rows from which on a table says something; of them, how many have one offset. Healthy tables reach 9 %."""


def find(tables: Sequence[Table], _nominal: Nominal) -> Iterator[Signature]:
    """Yield a signature per table in which over half of the rows have the same offset in place."""
    for table in tables:
        inside = {row.result.case.nbytes: row.result.time for row in table.in_place}
        pairs = [(row.result.time, inside[row.result.case.nbytes]) for row in table.rows if row.result.case.nbytes in inside]
        offsets = Counter(round(1e6 * (there - here), 2) for here, there in pairs)
        offset, count = offsets.most_common(1)[0] if offsets else (0.0, 0)
        if len(pairs) >= FEWEST and count > SHARE * len(pairs):
            yield Signature(
                NAME,
                f"{count} of {len(pairs)} rows take {offset:+.2f} us in place ({table.file}); healthy tables reach 9 %",
                ("the table was computed or copied, not measured",),
                "ask for the log itself, with its list of ranks and the times of the run",
                files=(table.file,),
                nodes=table.nodes,
            )
