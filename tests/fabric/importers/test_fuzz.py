"""Every importer on spoilt files: InputError in one line or right results; noise and cuts never change a value."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import samples
from test_field import SAMPLED

from fabric.importers.catalog import imported
from fabric.importers.results import Given
from topologies.errors import InputError

TEXTS = {
    "nccl-tests": samples.nccl(4, sizes=[1024, 65536, 1048576, 16777216]),
    "nccl-tests JSON": SAMPLED,
    "rccl-tests": samples.nccl(4, tool="rccl", device="AMD Radeon Graphics", sizes=[65536, 1048576]),
    "osu": samples.osu()
    + samples.osu("Allgather Latency", full=True)
    + samples.osu_rate("Multiple Bandwidth / Message Rate", 2),
    "imb": samples.imb(("Allreduce", 4, [4, 1024]), ("Barrier", 4, []), ("Alltoall", 4, [64])),
    "hccl_test": samples.hccl(),
    "perftest": samples.perftest() + samples.perftest("Send Latency"),
    "all_reduce_bench": samples.bench(),
    "deepspeed": samples.deepspeed(),
    "nccl-inspector": samples.inspector(2),
}
TOKENS = [
    "",
    "x",
    "|",
    " 7 ",
    "nan",
    "1e999",
    "-1",
    "²",
    "9" * 400,
    "[1,0]<stdout>:",
    "\x1b[31m",
    "\n",
    "#",
    "{",
    "\u2028",
    "NCCL INFO nranks 3",
]
NOISE = [
    "238  UCX  ERROR  shm_open failed",
    "hostA:25:25 [0] NCCL INFO Channel 00/02 :    0   1",
    "# a comment",
    "",
    "WARNING: 3 messages dropped",
    "[hostB:7] 1 more process has sent help message",
    "2026-01-02 03:04:05 INFO step 7 loss 3.2",
]


def read(tool, text):
    return imported(text, "f.log", given=Given(ranks=8) if tool in ("osu", "hccl_test", "deepspeed") else None)


def values(found):
    """All that a row says, without its line: noise moves lines."""
    return {(r.case, second, r.wrong) for r in found.results for second in r.seconds}


WHOLE = {tool: values(read(tool, text)) for tool, text in TEXTS.items()}


@pytest.mark.parametrize("tool", TEXTS)
@settings(max_examples=100, deadline=None)
@example(edits=[(6, 5, "")])  # an empty command line
@example(edits=[(0, 34, ""), (2336, 12, "")])  # a word where the count stands
@example(edits=[(293, 20, "9" * 400)])  # a size beyond every float
@given(edits=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 40), st.sampled_from(TOKENS)), min_size=1, max_size=4))
def test_a_spoilt_file_gives_one_line_or_results_that_can_be(tool, edits):
    text = TEXTS[tool]
    for place, length, instead in edits:
        start = place % (len(text) + 1)
        text = text[:start] + instead + text[start + length :]
    try:
        found = read(tool, text)
    except InputError as error:
        assert re.fullmatch(r"[^\n\x1b]*", str(error))  # noqa: PT017  # it may also be read
        assert "f.log" in str(error)  # noqa: PT017
    else:
        assert all(np.isfinite(r.time) and r.time > 0 and 0 <= r.case.nbytes < 2**63 for r in found.results)
        assert all(re.fullmatch(r"[^\n\x1b]*", f.text) for f in found.findings)


@pytest.mark.parametrize("tool", TEXTS)
@settings(max_examples=60, deadline=None)
@example(cut=116, end="\n")  # 19.87 cut to 1 in the only row
@example(cut=3199, end="\n")
@example(cut=5407, end="\n")
@given(cut=st.integers(0, 9000), end=st.sampled_from(["", "\n", "\nslurmstepd: error: *** JOB 7 CANCELLED ***\n", " Killed\n"]))
def test_a_cut_file_never_yields_a_wrong_value(tool, cut, end):
    try:
        found = read(tool, TEXTS[tool][: cut % len(TEXTS[tool])] + end)
    except InputError:
        return
    assert values(found) <= WHOLE[tool]


@pytest.mark.parametrize("tool", [tool for tool in TEXTS if tool not in ("nccl-tests JSON", "nccl-inspector")])
@settings(max_examples=60, deadline=None)
@example(noise=[], prefix="", inside=(1075, False))  # `10` and a log's line, then `48576  26.73`
@example(noise=[], prefix="", inside=(184, False))
@example(noise=[], prefix="12:00:01 ", inside=(437, True))  # a tag in the name of a column
@example(noise=[], prefix="[pod/a-1/m] ", inside=(2450, False))  # the name of an operation lost
@example(noise=[(88, NOISE[-1])], prefix="", inside=(0, False))  # a line that begins with a time
@given(
    noise=st.lists(st.tuples(st.integers(0, 200), st.sampled_from(NOISE)), max_size=4),
    prefix=st.sampled_from(["", "[0] ", "> ", "12:00:01 ", "[pod/a-1/m] ", "host3: "]),
    inside=st.tuples(st.integers(0, 4000), st.booleans()),
)
def test_noise_between_lines_changes_nothing_and_inside_a_line_no_value(tool, noise, prefix, inside):
    lines = [prefix + line for line in TEXTS[tool].splitlines()]
    for at, text in noise:
        lines.insert(at % (len(lines) + 1), text)
    assert values(read(tool, "\n".join(lines) + "\n")) == WHOLE[tool]
    text, (at, tag) = "\n".join(lines) + "\n", inside
    at %= len(text)
    spoilt = text[:at] + ("[1,0]<stdout>:" if tag else "hostA:25:25 [0] NCCL INFO x\n") + text[at:]
    try:
        found = read(tool, spoilt)
    except InputError:
        return
    assert {(case.nbytes, seconds) for case, seconds, _ in values(found)} <= {(c.nbytes, s) for c, s, _ in WHOLE[tool]}
