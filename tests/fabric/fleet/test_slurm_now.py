"""What squeue and sinfo tell of now: devices in lists of gres, jobs in sacct's columns, nodes that take no job."""

import pytest

from fabric.fleet.slurm_now import as_sacct, devices_of, nodes_now
from fabric.fleet.state import from_sacct
from topologies.errors import InputError

HEAD = "JOBID|ACCOUNT|USER|SUBMIT_TIME|START_TIME|END_TIME|STATE|TRES_PER_NODE|NODES|NODELIST|PRIORITY"


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("gres:gpu:8", 8), ("gres:gpu:h100:8", 8), ("gres/gpu:8", 8), ("gres/gpu:h100=8", 8), ("gpu:8(S:0-1)", 8), ("gpu", 1),
        ("gpu:a100", 1), ("gpu:h100:4,gpu:a100:4", 8), ("gres/gpu:8,gres/shard:16", 8), ("npu:16", 16), ("nic:2", 0),
        ("(null)", 0), ("N/A", 0), ("", 0),
    ],
)  # fmt: skip
def test_devices_in_a_list_of_gres(text, devices):
    assert devices_of(text) == devices


def test_jobs_of_squeue_are_jobs_of_sacct():
    rows = (
        "1|(null)|ann|100|200|NONE|RUNNING|gres:gpu:8|2|n[0-1]|9",
        "2|lab|bob|100|N/A|N/A|PENDING|gres:gpu:4|3||8",
        "3|lab|bob|100|150|900|COMPLETING|N/A|1|n5|8",
        "cut|off",
    )
    found = from_sacct(as_sacct("\n".join([HEAD, *rows]) + "\n", "x"), "x", at=1000.0)
    assert [(job.id, job.tenant, job.devices, job.nodes) for job in found.jobs] == [
        ("1", "ann", 16, ("n0", "n1")), ("2", "lab", 12, ()), ("3", "lab", 0, ("n5",))
    ]  # fmt: skip
    assert [job.end for job in found.jobs] == [None, None, None]
    assert list(found.left_out.values()) == [1]
    with pytest.raises(InputError, match=r"x: must be squeue as collect.sh asks it, with ACCOUNT, got 'JOBID.PARTITION'"):
        as_sacct("JOBID|PARTITION\n", "x")


def test_nodes_that_are_down_or_drained_take_no_job():
    text = "n0|idle~|gpu:8\nn1|drained*|gpu:8\nn1|drained*|gpu:8\nn2|mixed|(null)\nn3|down$|gpu:h100:4(S:0)\n\n"
    found = nodes_now(text, "x")
    assert found.devices == {"n0": 8, "n1": 8, "n3": 4}
    assert found.down == {"n1", "n3"}
