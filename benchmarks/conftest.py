"""Switches benchmarks on for this folder; the package's own pytest plugin does the rest. It does not know what is measured."""

from __future__ import annotations

from typing import Any

import pytest

pytest_plugins = ("fabric.pytest_plugin",)
"""Where the package is installed its entry point has loaded it already, under the same name."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Switch benchmarks on where nobody switched them off on the command line."""
    if "--benchmark-disable" not in config.invocation_params.args:
        config.option.benchmark_disable = False


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Keep this host's name out of files that are shared."""
    machine_info.pop("node", None)
