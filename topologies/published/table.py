"""All published fabrics, one explicit line per list. It does not know how they are checked."""

from __future__ import annotations

from topologies.published.clouds import CLOUDS
from topologies.published.nvidia import NVIDIA
from topologies.published.record import Published
from topologies.published.systems import SYSTEMS

PUBLISHED: tuple[Published, ...] = (*NVIDIA, *CLOUDS, *SYSTEMS)
