"""Samples are made up, in the form of nvidia-smi's and sysfs's documentation."""

import re
import socket

import pytest

from fabric.measure.host import devices
from fabric.measure.host.devices import Gpu, Nic, counted, gpus, nics, read_gpus, read_nvlinks

QUERY = """NVIDIA H100 80GB HBM3, 81559, 550.54.15, 5, 16, 9.0
NVIDIA H100 80GB HBM3, 81559, 550.54.15, 5, 16, 9.0
Tesla K80, [N/A], 470.1, [Not Supported], 16
"""
NVLINK = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-00000000-0000-0000-0000-000000000000)
\t Link 0: 26.562 GB/s
\t Link 1: 26.562 GB/s
\t Link 2: <inactive>
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-11111111-1111-1111-1111-111111111111)
\t Link 0: 25 GB/s
GPU 2: Tesla K80 (UUID: GPU-22222222-2222-2222-2222-222222222222)
"""
TOOL = """#!/bin/bash
case "$1" in
  --query-gpu*compute_cap*) {new} ;;
  --query-gpu*) printf 'Tesla P100, 16280, 470.1, 3, 16\\n' ;;
  nvlink) printf 'GPU 0: Tesla P100 (UUID: GPU-0)\\n\\t Link 0: 18 GB/s\\n' ;;
esac
"""


def test_the_query_is_read_in_the_order_of_its_fields():
    first, second, old = read_gpus(QUERY)
    assert first == second == Gpu("NVIDIA H100 80GB HBM3", 81559 * 2**20, "550.54.15", 5, 16, "9.0")
    assert old == Gpu("Tesla K80", None, "470.1", None, 16, None)
    assert read_gpus("") == read_gpus("No devices were found\n") == []


def test_active_links_are_counted_for_each_gpu():
    assert read_nvlinks(NVLINK) == {0: [26.562e9, 26.562e9], 1: [25e9]}
    assert read_nvlinks("") == {}


def test_equal_devices_are_one_row_with_their_count_and_no_serial_number():
    rows = counted(read_gpus(QUERY))
    assert [(row["count"], row["name"]) for row in rows] == [(2, "NVIDIA H100 80GB HBM3"), (1, "Tesla K80")]
    assert not re.search("uuid|serial|address|bus", str(rows), re.IGNORECASE)


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Return what puts an nvidia-smi of our own first on the path: a program, run as the real one is."""

    def put(text):
        path = tmp_path / "nvidia-smi"
        path.write_text(text)
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return gpus()

    gpus.cache_clear()
    yield put
    gpus.cache_clear()


def test_a_driver_without_compute_cap_is_asked_again_without_it(tool):
    found = tool(TOOL.format(new="echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2"))
    assert found == (Gpu("Tesla P100", 16280 * 2**20, "470.1", 3, 16, None, 1, 18e9),)


@pytest.mark.parametrize("text", ["#!/bin/bash\nexit 9\n", "#!/bin/bash\n", "not a program"])
def test_a_tool_that_fails_or_says_nothing_is_no_gpu(tool, text):
    assert tool(text) == ()


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def link(root, name, target):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(root / target)


@pytest.fixture
def system(tmp_path):
    """A /sys/class of one InfiniBand card, one RoCE card, an Ethernet port that is down, and things that are no cards."""
    cards = {"ib": ("mlx5_core", "InfiniBand", "400 Gb/sec (4X NDR)"), "ro": ("bnxt_en", "Ethernet", "100 Gb/sec (4X EDR)")}
    for number, (name, (driver, layer, rate)) in enumerate(cards.items()):
        port = f"class/infiniband/{name}/ports/1"
        write(tmp_path, {f"{port}/link_layer": layer, f"{port}/rate": rate, f"{port}/state": "4: ACTIVE\n"})
        write(tmp_path, {f"dev/{name}/numa_node": f"{number}\n", f"dev/{name}/net/{name}0/mtu": "4092\n"})
        write(tmp_path, {f"drivers/{driver}/x": ""})
        link(tmp_path, f"dev/{name}/driver", f"drivers/{driver}")
        link(tmp_path, f"class/infiniband/{name}/device", f"dev/{name}")
        link(tmp_path, f"class/net/{name}0/device", f"dev/{name}")
        write(tmp_path, {f"class/net/{name}0/type": "1\n"})
    write(tmp_path, {"dev/eth/numa_node": "-1\n", "class/net/e0/type": "1\n", "class/net/e0/speed": "25000\n"})
    write(tmp_path, {"class/net/e0/mtu": "1500\n", "class/net/e0/operstate": "down\n", "class/net/lo/type": "772\n"})
    write(tmp_path, {"class/net/docker0/type": "1\n", "class/net/bonding_masters": ""})
    link(tmp_path, "class/net/e0/device", "dev/eth")
    return tmp_path / "class"


def test_every_card_stands_there_once_with_its_kind(system):
    assert nics(system) == (
        Nic("infiniband", "mlx5_core", 50e9, 4092, 0, up=True),
        Nic("roce", "bnxt_en", 12.5e9, 4092, 1, up=True),
        Nic("ethernet", None, 25e9 / 8, 1500, None, up=False),
    )


def test_a_machine_without_cards_has_none(tmp_path):
    assert nics(tmp_path) == ()


def test_this_machine_can_be_looked_at_and_is_not_named():
    text = str(counted(nics()) + counted(devices.gpus()))
    assert socket.gethostname() not in text
    assert not re.search(r"\b([0-9a-f]{2}:){5}", text)
