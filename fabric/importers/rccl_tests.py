"""Text output of rccl-tests: nccl-tests' tables under another name. It adds nothing to that reader."""

from __future__ import annotations

from fabric.importers.nccl_tests import read

__all__ = ["read"]
