"""What of a rank's software, settings and machine may make it slower than others. It compares nothing and knows no other rank.

Environment: only variables of communication libraries, and none that a launcher sets rank by rank; no name of a machine.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from fabric.measure.host.devices import gpus, nics
from fabric.measure.host.machine import governor, processor, usable_cores

LIBRARIES = (
    "NCCL_", "RCCL_", "TORCH_NCCL_", "GLOO_", "TORCH_GLOO_", "UCX_", "UCC_", "FI_", "OMPI_MCA_", "MPICH_", "MPIR_CVAR_",
    "I_MPI_", "HCOLL_", "SHARP_", "NVSHMEM_", "MLX5_", "RDMAV_", "HSA_", "CUDA_DEVICE_", "OMP_", "MALLOC_", "LD_PRELOAD",
)  # fmt: skip
"""How the names of variables begin that a communication library, or what is under it, reads."""
BY_LAUNCHER = (
    "OMPI_MCA_orte_",
    "OMPI_MCA_ess_",
    "OMPI_MCA_pmix",
    "OMPI_MCA_prte_",
    "OMPI_MCA_initial_",
    "OMPI_MCA_mpi_oversubscribe",
)
"""Of those: what launchers set, for each rank otherwise."""
MACHINE = frozenset({"processor", "cores of the rank", "GPUs", "network cards"})
"""What is the machine, not its software or settings."""
LONGEST = 200


def settings_here(library: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return name -> value. library: what results say about it (its context)."""
    variables = os.environ if environment is None else environment
    cards, devices = nics(), gpus()
    machine = {
        "processor": processor(),
        "cores of the rank": str(len(usable_cores())),
        "GPUs": _listed(gpu.name for gpu in devices),
        "network cards": _listed(f"{nic.kind} {_rate(nic.bytes_per_second)}{'' if nic.up else ' down'}" for nic in cards),
    }
    software = {
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "frequency governor": governor(),
        "GPU driver": _listed({gpu.driver for gpu in devices if gpu.driver}),
        "network drivers": _listed({nic.driver for nic in cards if nic.driver}),
        "MTU": _listed({str(nic.mtu) for nic in cards if nic.mtu}),
    }
    versions = {key: str(value) for key, value in library.items() if isinstance(value, str | int | float)}
    found = {**machine, **software, **versions, **_variables(variables)}
    return {key: value[:LONGEST] for key, value in found.items() if value}


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in sorted(environment.items())
        if name.startswith(LIBRARIES) and not name.startswith(BY_LAUNCHER)
    }


def _listed(values: Any) -> str:
    return ", ".join(sorted(values))


def _rate(value: float | None) -> str:
    return "of unknown speed" if value is None else f"{value * 8 / 1e9:g} Gb/s"
