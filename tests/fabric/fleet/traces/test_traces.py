import gzip
import json
import os
from pathlib import Path

import pytest

from fabric.fleet.fleet import stated
from fabric.fleet.policy import policy
from fabric.fleet.simulate import simulate
from fabric.fleet.traces import kubectl, openb, own, sacct
from fabric.fleet.traces.catalog import KINDS, guess, read_trace
from fabric.fleet.traces.mix import MIXES, USUAL_LOAD, mix
from fabric.fleet.traces.openb import pools
from topologies.errors import InputError

DATA = Path(os.environ.get("FABRICBENCH_DATA", Path(__file__).parents[5] / "shared" / "data")) / "traces"

PHILLY = """timestamp,duration,num_gpus,gpu_time,cluster
2017-10-09 07:01:55,66.5,1,66.5,a
2017-10-09 06:13:03,2951.0,16,1,b
2017-10-09 06:13:03,-1,1,1,b
,5,1,5,b
2017-10-09 06:13:04,,1,5,b
2017-10-09 06:13:04,5,0,5,b
2017-10-09 06:13:04,5
"""
OPENB = """name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
p0,12000,16384,1,460,,BE,Running,0,100,10
p1,12000,16384,2,1000,V100M16|V100M32,LS,Succeeded,5,95,5
p2,12000,16384,0,0,,LS,Running,0,100,0
p3,12000,16384,1,1000,,LS,Pending,0,100,
"""
OWN = """id,submit_s,work_s,devices,tenant,share,communication,preemptible
a,0,10,1,x,500,0,yes
b,2,10,16,x,,200,
b,3,10,16,x,,200,
c,4,10,16,x,,2000,
d,2026-01-01T00:00:00,10,16,x,,,
e,-4,10,16,x,,,
"""
SWF = """; MaxProcs: 64
1 0 5 100 32 -1 -1 32 -1 -1 1 7 1 -1 1 -1 -1 -1
2 10 5 100 -1 -1 -1 16 -1 -1 5 8 1 -1 1 -1 -1 -1
3 20 5 -1 32 -1 -1 32 -1 -1 1 7 1 -1 1 -1 -1 -1
4 20 5 10 32 -1 -1 32 -1 -1 9 7 1 -1 1 -1 -1 -1
5 20 5 10 32 -1 -1 32 -1 -1 3 7 1 -1 1 -1 -1 -1
6 20 5
"""
SACCT = """JobIDRaw|Account|User|Submit|State|ElapsedRaw|Elapsed|NNodes|AllocTRES
10|phys|u1|2026-01-05T12:00:00+08:00|COMPLETED|3600|01:00:00|2|billing=16,cpu=64,gres/gpu=16,gres/gpu:h100=16,node=2
10.batch|phys|u1|2026-01-05T12:00:00+08:00|COMPLETED|3600|01:00:00|1|cpu=32
11|phys|u1|2026-01-05T05:00:00+00:00|CANCELLED by 1000|60|00:01:00|1|cpu=64,gres/gpu=4
12|phys|u1|2026-01-05T05:00:00+00:00|PENDING|0|00:00:00|1|
13|phys|u1|2026-01-05T05:00:00+00:00|DREAMING|9|00:00:09|1|gres/gpu=4
14|phys|u1|Unknown|FAILED|9|00:00:09|1|gres/gpu=4
15|bio|u2|2026-01-05T05:10:00+00:00|RUNNING||1-00:00:10|1|gres/gpu=8
"""


def pod(name, phase, devices, *, job=None, start="2026-01-05T00:00:10Z", end=None, namespace="team"):
    ended = {"containerStatuses": [{"state": {"terminated": {"finishedAt": end}}}]} if end else {}
    labels = {"batch.kubernetes.io/job-name": job} if job else {}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "creationTimestamp": "2026-01-05T00:00:00Z"},
        "spec": {"containers": [{"resources": {"limits": {"nvidia.com/gpu": str(devices)}}}]},
        "status": {"phase": phase, "startTime": start, **ended},
    }


NODE = {
    "kind": "Node",
    "metadata": {"name": "n0", "labels": {"nvidia.com/gpu.product": "H100"}},
    "status": {"allocatable": {"nvidia.com/gpu": "8"}, "conditions": [{"lastHeartbeatTime": "2026-01-05T02:00:00Z"}]},
}
KUBECTL = json.dumps(
    {
        "kind": "List",
        "items": [
            pod("w-0", "Succeeded", 8, job="w", end="2026-01-05T01:00:10Z"),
            pod("w-1", "Succeeded", 8, job="w", end="2026-01-05T01:00:10Z"),
            pod("alone", "Running", 1),
            pod("later", "Pending", 1, start=None),
            pod("web", "Running", 0),
            NODE,
        ],
    }
)
FILES = {"philly": PHILLY, "openb": OPENB, "csv": OWN, "swf": SWF, "sacct": SACCT, "kubectl": KUBECTL}
WANTED = {  # kind -> jobs as (submit s, work s, devices, nodes), how many rows are left out
    "philly": ([(0, 2951, 16, 0), (2932, 66.5, 1, 0)], 5),
    "openb": ([(0, 90, 1, 1), (5, 90, 2, 1)], 2),
    "csv": ([(0, 10, 1, 0), (2, 10, 16, 0)], 4),
    "swf": ([(0, 100, 32, 0), (10, 100, 16, 0)], 4),
    "sacct": ([(0, 3600, 16, 2), (3600, 60, 4, 1), (4200, 86410, 8, 1)], 3),
    "kubectl": ([(0, 3600, 16, 2), (0, 7190, 1, 0)], 2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_trace_is_told_by_its_content_and_every_row_is_a_job_or_counted(kind, tmp_path):
    (path := tmp_path / "trace").write_text(FILES[kind])
    assert guess(FILES[kind]) == kind
    found = read_trace(path)
    jobs, left = WANTED[kind]
    assert [(j.submit_us / 1e6, j.work_us / 1e6, j.devices, j.nodes) for j in found.jobs] == jobs
    assert found.left_out == left
    assert all(one.reason and one.line >= 1 for one in found.left)
    if kind != "kubectl":  # there several rows are one job
        assert found.rows == len(found.jobs) + found.left_out


SITE = (
    "JobIDRaw|Account|Submit|Start|End|State|AllocTRES|Priority\n"
    "1|lab|1767571200|1767571200|1767574800|COMPLETED|gres/gpu=8|4294901757\n"
    "2|lab|1767571201|1767574800|1767574860|CANCELLED by 100|gres/gpu=8|900\n"
    "3|ops|1767571202|1767574860|1767574870|COMPLETED|gres/gpu=8|\n"
)


def test_what_the_collecting_script_asks_of_sacct_is_a_trace_with_priorities():
    (one, two, three), notes = sacct.read(SITE, "x").jobs, sacct.read(SITE, "x").notes
    assert [(job.submit_us, job.work_us) for job in (one, two, three)] == [
        (0, 3600 * 10**6), (10**6, 60 * 10**6), (2 * 10**6, 10 * 10**6)
    ]  # fmt: skip
    assert (one.priority, two.priority, three.priority) == (2**31 - 1, 900, 0)
    assert "slurm_priority" in [note.key for note in notes]
    assert "moments_zone" not in [note.key for note in notes], "seconds since 1970 need none"
    assert "slurm_priority" not in [note.key for note in sacct.read(SITE.replace("|Priority", "|Other"), "x").notes]


def test_a_higher_priority_of_the_books_goes_first():
    jobs = sacct.read(SITE.replace("4294901757", "1").replace("|\n", "|5000\n"), "x").jobs
    outcome = simulate(stated(1, 8, leaf=1), jobs, policy("fifo"), engine="plain")
    order = [outcome.jobs.name(run.job) for run in sorted(outcome, key=lambda run: run.start_us)]
    assert order == ["1", "3", "2"], "job 1 is there first, then 5000 before 900"


def test_the_priority_that_admission_gave_pods_is_that_of_their_job():
    pods = [pod("w-0", "Succeeded", 8, job="w", end="2026-01-05T01:00:10Z") for _ in range(2)]
    pods[0]["spec"]["priority"], pods[1]["spec"]["priority"] = 10, 1000
    assert [job.priority for job in kubectl.read(json.dumps({"items": pods}), "x").jobs] == [1000]
    assert [job.priority for job in kubectl.read(KUBECTL, "x").jobs] == [0, 0]


def test_a_packed_trace_is_unpacked_and_a_cut_one_refused(tmp_path):
    (path := tmp_path / "trace.csv.gz").write_bytes(gzip.compress(PHILLY.encode()))
    assert len(read_trace(path).jobs) == 2
    path.write_bytes(gzip.compress(PHILLY.encode())[:-9])
    with pytest.raises(InputError, match="cannot unpack"):
        read_trace(path)


def test_what_shares_and_kinds_the_files_state_are_kept(tmp_path):
    (path := tmp_path / "trace").write_text(OPENB)
    first, second = read_trace(path).jobs
    assert (first.share, first.preemptible, second.types) == (460, True, ("V100M16", "V100M32"))
    path.write_text(KUBECTL)
    assert [(pool.kind, pool.nodes, pool.devices) for pool in read_trace(path).pools] == [("H100", 1, 8)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hello world\n", "cannot tell"),
        ("timestamp,duration,num_gpus,gpu_time,cluster\n", "at least one job"),
        ("timestamp,duration,num_gpus,gpu_time,cluster\n2017-10-09 07:01:55,1,0,0,a\n", "asks for no device"),
        ('{"items": 5}', "object with items"),
    ],
)
def test_a_file_without_jobs_is_refused_in_one_line(text, told, tmp_path):
    (path := tmp_path / "trace").write_text(text)
    with pytest.raises(InputError, match=told) as caught:
        read_trace(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", MIXES)
def test_a_mix_offers_the_load_asked_for_and_depends_on_its_seed_alone(name):
    one, again, other = (mix(name, 1000, 60, seed=seed) for seed in (1, 1, 2))
    assert (one.jobs.submit == again.jobs.submit).all()
    assert (one.jobs.work == again.jobs.work).all()
    assert len(one.jobs.submit) != len(other.jobs.submit) or (one.jobs.submit != other.jobs.submit).any()
    offered = float((one.jobs.work * one.jobs.devices).sum()) / (1000 * 60 * 86400e6)
    assert offered == pytest.approx(USUAL_LOAD[name], rel=0.25)  # run times are heavy-tailed
    assert one.jobs.devices.max() <= 125


@pytest.mark.skipif(not DATA.is_dir(), reason="no shared/data beside the repository: the traces are not part of it")
def test_the_shared_traces_read_whole():
    philly = read_trace(DATA / "philly_jobs_82247.csv.gz")
    assert len(philly.jobs) == 82_247
    assert int((philly.jobs.devices > 8).sum()) == 289
    pods = read_trace(DATA / "openb_pod_list_default.csv")
    assert pods.rows == 8_152 == len(pods.jobs) + pods.left_out
    nodes = pools((DATA / "openb_node_list_gpu_node.csv").read_text(), "nodes")
    assert (sum(p.nodes for p in nodes), sum(p.nodes * p.devices for p in nodes)) == (1_213, 6_212)


def test_processors_and_memory_are_read_where_they_stand():
    head = "id,submit_s,work_s,devices,processors,memory_mib\n"
    found = own.read(head + "a,0,9,4,12.5,2048\nb,1,9,4,,\nc,2,9,4,-1,5\nd,3,9,4,nan,5\n", "x")
    assert [(job.processors, job.memory) for job in found.jobs] == [(12_500, 2048), (0, 0)]
    assert [(one.reason, one.count) for one in found.left] == [("processors outside its range", 2)]
    (job, _) = openb.read(OPENB, "x").jobs
    assert (job.processors, job.memory) == (12_000, 16_384)
