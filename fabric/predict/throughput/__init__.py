"""How much of its NIC rate every endpoint of a fabric can use at once: bounds from above and rates that are achieved."""
