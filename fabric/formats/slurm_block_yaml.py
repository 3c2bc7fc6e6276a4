"""Writes Slurm's blocks as topology.yaml (25.05 and newer). It knows no partitions and no segments."""

from __future__ import annotations

from fabric.formats.slurm_block import write_yaml as write

__all__ = ["write"]
