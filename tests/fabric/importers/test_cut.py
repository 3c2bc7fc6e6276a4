import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import samples

from fabric.importers.catalog import imported
from fabric.importers.results import Given
from topologies.errors import InputError

PLAIN = "\n".join(line for line in samples.nccl(4).splitlines() if "version" not in line and "starting" not in line)
SAMPLES = {
    "nccl-tests": samples.nccl(),
    "nccl-tests, two runs": samples.nccl(4) + samples.nccl(16, 2, perf="all_gather_perf", factor=15 / 16),
    "nccl-tests, named by command lines": f"$ ./all_reduce_perf\n{PLAIN}\n$ ./all_gather_perf\n{PLAIN}\n",
    "nccl-tests, unchecked": samples.nccl(wrong="N/A"),
    "nccl-tests, tagged": "".join(f"[1,0]<stdout>:{line}\n" for line in samples.nccl().splitlines()),
    "rccl-tests": samples.nccl(tool="rccl", device="AMD Radeon Graphics"),
    "osu": samples.osu() + samples.osu("Allgather Latency"),
    "osu -f": samples.osu(full=True),
    "osu, validated": (
        "# OSU MPI Allreduce Latency Test v7.4\n# Size    Avg Latency(us)    Validation\n8   3.50   Pass\n16   3.60   Pass\n"
    ),
    "osu_mbw_mr": samples.osu_rate("Multiple Bandwidth / Message Rate", 4),
    "imb": samples.imb(("Allreduce", 4, [4, 1024]), ("Barrier", 16, []), ("Reduce_scatter", 4, [4, 1024])),
    "hccl_test": samples.hccl(),
}
UNSAID = ("osu", "osu -f", "osu, validated", "hccl_test")
UNENDED = "the file ends inside this line, which is left out; if it is whole, end it with a newline"


def read(name, text):
    return imported(text, "f.log", given=Given(ranks=8) if name in UNSAID else None)


def values(found):
    """All that a row says, by line and place."""
    return {
        (r.context["line"], r.case, r.seconds, r.wrong, r.iterations, str(r.context.get("printed_gb_per_second")))
        for r in found.results
    }


@settings(max_examples=400)
@example("osu", 116)  # 19.87 cut to 1
@example("osu -f", 394)
@example("nccl-tests", 1323)  # the out-of-place half alone
@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 9000))
def test_what_is_left_of_a_cut_file_is_in_the_whole_one(name, cut):
    text = SAMPLES[name]
    try:
        found = read(name, text[: cut % len(text)])
    except InputError as error:
        assert "f.log" in str(error)  # noqa: PT017  # it may also be read
    else:
        assert values(found) <= values(read(name, text))


def without_end(name, gone):
    """A sample up to its last row, so many characters of it gone; and that row's line."""
    last = max(r.context["line"] for r in read(name, SAMPLES[name]).results)
    written = SAMPLES[name].splitlines(keepends=True)
    row = written[last - 1].rstrip()
    return "".join(written[: last - 1]) + row[: len(row) - gone], last


@pytest.mark.parametrize("name", SAMPLES)
def test_whole_rows_are_kept_and_the_cut_one_is_named(name):
    cut, last = without_end(name, 1)
    found = read(name, cut)
    assert values(found) == {row for row in values(read(name, SAMPLES[name])) if row[0] != last}
    assert [(f.severity, f.row) for f in found.findings if f.text == UNENDED] == [("warning", last)]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_row_without_a_line_end_is_kept_where_its_form_proves_it_whole(name):
    cut, _ = without_end(name, 0)
    found = read(name, cut)
    assert values(found) == values(read(name, SAMPLES[name]))
    assert not any(f.text == UNENDED for f in found.findings)


@pytest.mark.parametrize(
    ("name", "gone"), [("osu", 1), ("osu", 3), ("osu -f", 3), ("imb", 2), ("hccl_test", 3), ("hccl_test", 7)]
)
def test_a_cut_row_that_a_launcher_ended_is_left_out_too(name, gone):
    cut, last = without_end(name, gone)
    found = read(name, f"{cut}\nslurmstepd: error: *** JOB 7 CANCELLED ***\n")
    assert values(found) == {row for row in values(read(name, SAMPLES[name])) if row[0] != last}
    assert [f.row for f in found.findings if "left out" in f.text and f.severity == "warning"] == [last]


def test_a_run_that_ended_between_the_halves_gives_neither():
    whole, last = without_end("nccl-tests", 0)
    cut = whole[:-33]
    for end in ("", "\n", "\nslurmstepd: error: *** JOB 7 CANCELLED ***\n"):
        found = read("nccl-tests", cut + end)
        assert values(found) == {row for row in values(read("nccl-tests", whole)) if row[0] != last}
        assert [f.row for f in found.findings if f.severity == "warning"] == [last]
    inside = "\n".join(row[:-33] if row.startswith("       16384") else row for row in whole.splitlines()) + "\n"
    found = read("nccl-tests", inside)
    assert values(found) == {row for row in values(read("nccl-tests", whole)) if row[0] != 20}
    assert [f.row for f in found.findings if f.severity == "warning"] == [20]


def test_a_table_of_one_half_is_what_its_place_says():
    head, rows = samples.nccl_head(8), samples.nccl_rows(1.75)
    out = read("nccl-tests", "\n".join([*head, *(row[:-33] for row in rows), ""]))
    inside = read("nccl-tests", "\n".join([*head, *(row[:-66] + 32 * " " + row[-33:] for row in rows), ""]))
    both = read("nccl-tests", samples.nccl())
    assert [r.seconds for r in out.results] == [r.seconds for r in both.results if not r.case.in_place]
    assert [r.seconds for r in inside.results] == [r.seconds for r in both.results if r.case.in_place]
    assert {r.case.in_place for r in out.results} | {not r.case.in_place for r in inside.results} == {False}


def test_a_file_without_one_whole_row_is_refused_with_the_line():
    with pytest.raises(InputError, match=rf"f.log: holds no result of osu that can be imported; line 5: {UNENDED}"):
        read("osu", SAMPLES["osu"][:116])
    prose = read("nccl-tests", SAMPLES["nccl-tests"].rstrip()[:-3])
    assert [(f.severity, f.text) for f in prose.findings] == [("note", UNENDED)]
