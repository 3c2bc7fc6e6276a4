"""The machine under the ranks: devices, cores, load, levels of memory. It knows no collective."""
