"""Which setting of a library a measured result ran with, where its log says so. It does not know what a setting does."""

from __future__ import annotations

from collections.abc import Mapping

from fabric.records.result import Result

NO_SETTING = ("NCCL_ALGO", "NCCL_DEBUG", "NCCL_TOPO_DUMP", "NCCL_GRAPH_DUMP", "NCCL_COMM_ID", "NCCL_HOSTID")
"""Beginnings of variables that leave the time as it is, name one run or host, or that the algorithm's name says already."""


def setting_of(result: Result) -> str:
    """Return the setting in words, the library's variables in order of name; "" where the log says none."""
    said, environment = result.context.get("setting"), result.context.get("environment")
    known = environment if isinstance(environment, Mapping) else {}
    pairs = [f"{key}={value}" for key, value in sorted(known.items()) if not str(key).startswith(NO_SETTING)]
    return " ".join([*([str(said)] if said else []), *pairs])
