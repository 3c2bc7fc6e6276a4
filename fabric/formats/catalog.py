"""The formats by name: suffix, what to know one by, reader, writer, judge. It does not know what any of them looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module

from fabric.formats.defects import UNFINISHED, unfinished
from fabric.formats.named import Named, Written
from fabric.formats.recognise import fitting
from topologies.errors import InputError
from topologies.guess import did_you_mean


@dataclass(frozen=True)
class Format:
    """One format: its module `fabric.formats.<module>` has read, write or both; judged_by: who confirms what we write.

    signs: what its files show, one of them at least (fabric/formats/recognise.py).
    """

    module: str
    suffix: str
    signs: tuple[str, ...]
    reads: bool
    writes: bool
    judged_by: str
    what: str

    @property
    def in_lines(self) -> bool:
        """Whether nothing but a line end says that the last line is whole: all but XML and JSON."""
        return self.suffix not in (".xml", ".graphml", ".json")

    def reader(self) -> Callable[[str, str], Named]:
        """Return the function (text, file name) -> Named."""
        found: Callable[[str, str], Named] = import_module(f"fabric.formats.{self.module}").read
        return found

    def writer(self) -> Callable[[Named], Written]:
        """Return the function Named -> Written."""
        found: Callable[[Named], Written] = import_module(f"fabric.formats.{self.module}").write
        return found


READ, WRITE, NOT = True, True, False
IB_LINE = r'line:(?m)^\s*(Switch|Ca)\s+\d+\s+"[SH]-|^\[\d+\](\([0-9a-fA-F]+\))?\s+"[SH]-'
IB_PORT = r"line:(?m)^(CA|SW)\s+\d+\s+\d+\s+0x[0-9a-fA-F]+\s"
LINK_INFO = r"line:(?m)^\s*\S*\s*\d*\s+\d+\[.{0,4}\] ==\("
SLURM_LINE = r"line:(?mi)^\s*(SwitchName|BlockName)\s*="
CSV_LINE = r"line:(?mi)^\ufeff?(?:#.*\n|\s*\n)*\"?(source|from|a|src)\"?[,;\t]"
SIMAI_LINE = r"line:\A\s*\d+ \d+ \d+ \d+ \d+( \w+)?\s*\n\d+( \d+)*\s*\n\d+ \d+ [\d.]+[A-Za-z]+"
MATRIX_ROW = r"line:(?m)^\s*GPU\d{1,3}\s+(?:(?:NV\d{1,3}|PIX|PXB|PSB|PHB|NODE|SYS|SOC)\s+)*X\s"
HTSIM_LINE = r"line:(?m)^Nodes\s+\d+\s*$[\s\S]*^Tier\s+\d+\s*$"
NODES = ("kind:Topology", "kind:Node")
FORMATS: Mapping[str, Format] = {
    "node-link": Format(
        "node_link", ".json", ("keys:nodes,edges", "keys:nodes,links"), READ, WRITE, "networkx", "node-link JSON; lossless"
    ),
    "graphml": Format("graphml", ".graphml", ("xml:graphml",), READ, WRITE, "networkx", "GraphML; lossless"),
    "csv": Format("cable_list", ".csv", (CSV_LINE,), READ, WRITE, "not judged", "one row per cable"),
    "ibnetdiscover": Format("ibnetdiscover", ".out", (IB_LINE,), READ, NOT, "-", "an InfiniBand dump"),
    "ibnetdiscover-ports": Format("ib_ports", ".out", (IB_PORT,), READ, NOT, "-", "ibnetdiscover -p, one line per port"),
    "iblinkinfo": Format("iblinkinfo", ".out", (LINK_INFO,), READ, NOT, "-", "iblinkinfo, unproven"),
    "slurm-conf": Format("slurm_conf", ".conf", (SLURM_LINE,), READ, WRITE, "slurmctld 22.05", "topology.conf"),
    "slurm-yaml": Format("slurm_yaml", ".yaml", ("list:topology",), READ, WRITE, "not judged", "topology.yaml"),
    "nccl-xml": Format("nccl_xml", ".xml", ("xml:system",), READ, WRITE, "not judged", "NCCL_TOPO_FILE, one node"),
    "nvidia-topo": Format("nvidia_topo", ".txt", (MATRIX_ROW,), READ, NOT, "-", "`nvidia-smi topo -m`, one node"),
    "lingjun-csv": Format("lingjun", ".csv", (r"line:(?m)^ip,DSW,PSW,ASW",), READ, NOT, "-", "hosts and their switches"),
    "slurm-block": Format("slurm_block", ".conf", (), NOT, WRITE, "not judged", "topology.conf for topology/block"),
    "slurm-block-yaml": Format("slurm_block_yaml", ".yaml", (), NOT, WRITE, "not judged", "topology.yaml with blocks"),
    "infragraph": Format("infragraph", ".yaml", ("keys:devices,instances",), READ, WRITE, "infragraph 3.1.0", "InfraGraph"),
    "simgrid-xml": Format("simgrid_xml", ".xml", ("xml:platform",), READ, WRITE, "SimGrid 3.32", "a platform file"),
    "lldp-json": Format("lldp_json", ".json", ("keys:*/lldp",), READ, NOT, "-", "lldpctl of every machine"),
    "topograph": Format("topograph_model", ".yaml", ("keys:switches,blocks",), READ, WRITE, "not judged", "topograph's model"),
    "kueue": Format("kueue", ".yaml", NODES, READ, WRITE, "not judged", "Kueue Topology, flavor, labels"),
    "kai": Format("kai", ".yaml", (), NOT, WRITE, "not judged", "KAI Topology and node labels"),
    "volcano": Format("volcano", ".yaml", ("kind:HyperNode",), READ, WRITE, "not judged", "Volcano HyperNodes"),
    "astra-sim": Format(
        "astra_sim", ".yml", ("keys:topology,npus_count",), READ, WRITE, "not judged", "ASTRA-sim's analytical network"
    ),
    "simai": Format("simai", ".txt", (SIMAI_LINE,), READ, WRITE, "not judged", "SimAI and ns-3 list of links"),
    "htsim": Format("htsim", ".topo", (HTSIM_LINE,), READ, WRITE, "not judged", "htsim .topo"),
    "containerlab": Format("containerlab", ".clab.yaml", ("keys:topology/nodes",), READ, WRITE, "not judged", "containerlab"),
}
"""Format -> what is known of it. One line per format; its module is imported only when it is used."""


def guess(text: str, name: str) -> str:
    """Return the format of a file's text; where it shows signs of several the file's suffix decides.

    Raises:
        InputError: no format or several fit, or one that is only written.
    """
    if not text.strip():
        raise InputError(f"{name}: must be one of {', '.join(readable())}, the file is empty")
    fits = fitting(text, [(key, found.signs) for key, found in FORMATS.items()])
    by_suffix = [key for key in fits if name.endswith(FORMATS[key].suffix)]
    chosen = fits if len(fits) == 1 else by_suffix
    if len(chosen) == 1 and FORMATS[chosen[0]].reads:
        return chosen[0]
    if len(chosen) == 1:
        raise InputError(f"{name}: this is {chosen[0]}, which is only written; expected one of {', '.join(readable())}")
    raise InputError(
        f"{name}: expected one of {', '.join(readable())}, by its content it is {' or '.join(fits) or 'none'}; "
        f"`fabricbench read {name} --format F` takes it as one"
    )


def readable() -> list[str]:
    """Return the formats that can be read."""
    return [key for key, found in FORMATS.items() if found.reads]


def writable() -> list[str]:
    """Return the formats that can be written."""
    return [key for key, found in FORMATS.items() if found.writes]


def read(text: str, where: str, kind: str | None = None) -> Named:
    """Return the fabric of a foreign file; kind: a format, else it is told by the content. A byte order mark is left out.

    Raises:
        InputError: an unknown format, or whatever its reader refuses: one line with file, line, what was expected.
    """
    text = text.removeprefix("\ufeff")
    chosen = kind or guess(text, where)
    found = _known(chosen, readable()).reader()(text, where)
    if (
        FORMATS[chosen].in_lines
        and text.lstrip()[:1] not in ("{", "[")
        and not any(d.kind == UNFINISHED for d in found.defects)
    ):
        found = replace(found, defects=(*found.defects, *unfinished(text)))
    return found


def write(named: Named, kind: str) -> Written:
    """Return the fabric as a foreign file's text and what it cannot hold; InputError for an unknown format."""
    return _known(kind, writable()).writer()(named)


def _known(kind: str, known: list[str]) -> Format:
    if kind not in known:
        raise InputError(f"format: unknown format {kind!r}{did_you_mean(kind, known)}; there are: {', '.join(known)}")
    return FORMATS[kind]
