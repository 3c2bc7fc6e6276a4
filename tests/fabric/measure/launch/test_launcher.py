import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.errors import EnvironmentFault
from fabric.measure.launch.launcher import PORTS, Launch, detect, first_host, slurm_address, tasks_per_node

TORCHRUN = {
    "RANK": "3",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "a",
    "MASTER_PORT": "1",
}
OPEN_MPI = {
    "OMPI_COMM_WORLD_RANK": "3",
    "OMPI_COMM_WORLD_SIZE": "8",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
}
MPICH = {"PMI_RANK": "3", "PMI_SIZE": "8", "MPI_LOCALRANKID": "1", "MPI_LOCALNRANKS": "2"}
SRUN = {
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "3",
    "SLURM_STEP_NUM_TASKS": "8",
    "SLURM_LOCALID": "1",
    "SLURM_STEP_TASKS_PER_NODE": "2(x4)",
}


@pytest.mark.parametrize(
    ("environment", "launcher", "name"),
    [
        (TORCHRUN, "torchrun", "torchrun"),
        (OPEN_MPI, "openmpi", "mpirun"),
        (MPICH, "mpich", "mpirun"),
        (SRUN, "srun", "srun"),
        ({**SRUN, **OPEN_MPI}, "openmpi", "mpirun"),
        ({**SRUN, **MPICH}, "mpich", "mpirun"),
        ({**SRUN, **TORCHRUN}, "torchrun", "torchrun"),
        ({**SRUN, "PMI_RANK": "3", "PMI_SIZE": "8", "PMI_FD": "5"}, "srun", "srun"),
        ({**SRUN, "PMIX_RANK": "3", "PMIX_NAMESPACE": "slurm.pmix.1.0"}, "srun", "srun"),
    ],
)
def test_every_launcher_is_told_by_its_own_variables(environment, launcher, name):
    launch = detect(environment)
    assert launch == Launch(launcher, 3, 8, 1, 2)
    assert launch.started
    assert launch.name == name
    assert not launch.one_node


def test_a_plain_start_is_one_rank_of_one():
    assert detect({}) == Launch("none", 0, 1, 0, 1)
    assert not detect({"RANK": "0", "WORLD_SIZE": "4"}).started, "half of torchrun's variables are not torchrun"
    assert not detect({"SLURM_PROCID": "0"}).started, "a batch script is no step"


def test_a_variable_that_is_no_number_is_named():
    with pytest.raises(EnvironmentFault, match="RANK: the launcher must set a whole number, got 'x'"):
        detect({**TORCHRUN, "RANK": "x"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"SLURM_STEP_TASKS_PER_NODE": "many"},
            r"SLURM_STEP_TASKS_PER_NODE: srun must set a list such as 2\(x3\),1, got 'many'",
        ),
        ({"SLURM_NODEID": "4"}, "SLURM_NODEID: must be below 4, the nodes of SLURM_STEP_TASKS_PER_NODE, got 4"),
    ],
)
def test_slurms_variables_that_contradict_are_named(changes, message):
    with pytest.raises(EnvironmentFault, match=message):
        detect({**SRUN, **changes})


@pytest.mark.parametrize("name", ["PMIX_RANK", "PMI_RANK"])
def test_a_launcher_that_says_only_the_rank_is_refused_and_starts_no_ranks_of_its_own(name):
    with pytest.raises(EnvironmentFault, match=f"{name}: set by a launcher that says no ranks per node; start under torchrun"):
        detect({name: "0"})


@pytest.mark.parametrize(("node", "size"), [("0", 2), ("2", 2), ("3", 1)])
def test_every_node_of_a_ragged_step_knows_its_own_ranks(node, size):
    step = {**SRUN, "SLURM_STEP_NUM_TASKS": "7", "SLURM_STEP_TASKS_PER_NODE": "2(x3),1", "SLURM_NODEID": node}
    assert detect(step).local_size == size


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 9)), min_size=1, max_size=8))
def test_slurms_list_of_tasks_is_what_was_compressed(runs):
    text = ",".join(f"{count}(x{times})" if times > 1 else str(count) for count, times in runs)
    assert tasks_per_node(text) == tuple(count for count, times in runs for _ in range(times))


@pytest.mark.parametrize(
    ("hosts", "first"),
    [("n1", "n1"), ("n1,n2", "n1"), ("gpu[03-07,9],x1", "gpu03"), ("a[1,3]b", "a1b"), ("r1n[001-100]", "r1n001")],
)
def test_the_first_host_of_slurms_list(hosts, first):
    assert first_host(hosts) == first


def test_slurms_address_is_the_same_on_all_ranks_and_differs_between_jobs():
    step = {"SLURM_STEP_NODELIST": "n[5-6]", "SLURM_JOB_ID": "77", "SLURM_STEP_ID": "1"}
    host, port = slurm_address(step)
    assert host == "n5"
    assert port in PORTS
    assert slurm_address({**step, "SLURM_JOB_ID": "78"})[1] != port
    with pytest.raises(EnvironmentFault, match="SLURM_STEP_NODELIST: srun must name the step's hosts"):
        slurm_address({})
