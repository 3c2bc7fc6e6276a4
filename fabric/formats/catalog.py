"""The formats by name: suffix, what to know one by, reader, writer, judge. It does not know what any of them looks like."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from fabric.formats.named import Named, Written
from topologies.errors import InputError

SEEN = 20_000
"""Characters at the start of a file by which its format is guessed."""


@dataclass(frozen=True)
class Format:
    """One format: its module `fabric.formats.<module>` has read, write or both; judged_by: who confirms what we write."""

    module: str
    suffix: str
    marker: str
    reads: bool
    writes: bool
    judged_by: str
    what: str

    def reader(self) -> Callable[[str, str], Named]:
        """Return the function (text, file name) -> Named."""
        found: Callable[[str, str], Named] = import_module(f"fabric.formats.{self.module}").read
        return found

    def writer(self) -> Callable[[Named], Written]:
        """Return the function Named -> Written."""
        found: Callable[[Named], Written] = import_module(f"fabric.formats.{self.module}").write
        return found


READ, WRITE, NOT = True, True, False
FORMATS: Mapping[str, Format] = {
    "node-link": Format("node_link", ".json", r'"nodes"\s*:\s*\[', READ, WRITE, "networkx", "node-link JSON; lossless"),
    "graphml": Format("graphml", ".graphml", r"<graphml\b", READ, WRITE, "networkx", "GraphML; lossless"),
    "csv": Format("cable_list", ".csv", r"(?m)^(source|from|a|src),", READ, WRITE, "not judged", "one row per cable"),
    "ibnetdiscover": Format(
        "ibnetdiscover", ".out", r"(?m)^(Switch|Ca)\s+\d+\s+\"|^vendid=", READ, NOT, "-", "an InfiniBand dump"
    ),
    "slurm-conf": Format(
        "slurm_conf", ".conf", r"(?mi)^\s*(SwitchName|BlockName)=", READ, WRITE, "slurmctld 22.05", "topology.conf"
    ),
    "slurm-yaml": Format("slurm_yaml", ".yaml", r"(?m)^\s*-?\s*topology:", READ, WRITE, "not judged", "topology.yaml"),
    "nccl-xml": Format("nccl_xml", ".xml", r"<system\b", READ, WRITE, "not judged", "NCCL_TOPO_FILE, one node"),
    "lingjun-csv": Format("lingjun", ".csv", r"(?m)^ip,DSW,PSW,ASW", READ, NOT, "-", "hosts and their switches"),
    "infragraph": Format("infragraph", ".yaml", r"(?m)^\s*\"?instances\"?\s*:", READ, WRITE, "infragraph 3.1.0", "InfraGraph"),
    "simgrid-xml": Format("simgrid_xml", ".xml", r"<platform\b", READ, WRITE, "SimGrid 3.32", "a platform file"),
    "lldp-json": Format("lldp_json", ".json", r'"lldp"\s*:', READ, NOT, "-", "lldpctl of every machine"),
    "topograph": Format("topograph_model", ".yaml", r"(?m)^switches:", READ, WRITE, "not judged", "topograph's model"),
    "kueue": Format("kueue", ".yaml", "", NOT, WRITE, "not judged", "Kueue Topology and node labels"),
    "volcano": Format("volcano", ".yaml", "", NOT, WRITE, "not judged", "Volcano HyperNodes"),
    "astra-sim": Format("astra_sim", ".yml", "", NOT, WRITE, "not judged", "ASTRA-sim's analytical network"),
    "simai": Format("simai", ".txt", "", NOT, WRITE, "not judged", "SimAI and ns-3 list of links"),
    "htsim": Format("htsim", ".topo", "", NOT, WRITE, "not judged", "htsim .topo"),
    "containerlab": Format("containerlab", ".clab.yaml", "", NOT, WRITE, "not judged", "containerlab"),
}
"""Format -> what is known of it. One line per format; its module is imported only when it is used."""


def guess(text: str, name: str) -> str:
    """Return the format of a file's text; where several markers are there the file's suffix decides.

    Raises:
        InputError: no format or several fit.
    """
    fits = [key for key, f in FORMATS.items() if f.reads and re.search(f.marker, text[:SEEN])]
    by_suffix = [key for key in fits if name.endswith(FORMATS[key].suffix)]
    chosen = fits if len(fits) == 1 else by_suffix
    if len(chosen) == 1:
        return chosen[0]
    raise InputError(
        f"{name}: expected one of {', '.join(readable())}, by its content it is {' or '.join(fits) or 'none'}; use --format"
    )


def readable() -> list[str]:
    """Return the formats that can be read."""
    return [key for key, found in FORMATS.items() if found.reads]


def writable() -> list[str]:
    """Return the formats that can be written."""
    return [key for key, found in FORMATS.items() if found.writes]


def read(text: str, where: str, kind: str | None = None) -> Named:
    """Return the fabric of a foreign file; kind: a format, else it is guessed from the content.

    Raises:
        InputError: an unknown format, or whatever its reader refuses: one line with file, line, what was expected.
    """
    return _known(kind or guess(text, where), readable()).reader()(text, where)


def write(named: Named, kind: str) -> Written:
    """Return the fabric as a foreign file's text and what it cannot hold; InputError for an unknown format."""
    return _known(kind, writable()).writer()(named)


def _known(kind: str, known: list[str]) -> Format:
    if kind not in known:
        close = difflib.get_close_matches(kind, known, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise InputError(f"format: unknown format {kind!r}{hint}; there are: {', '.join(known)}")
    return FORMATS[kind]
