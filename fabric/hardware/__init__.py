"""Devices, nodes, links, NICs, switches and optics as facts with their sources. It knows no topology and no fabric."""
