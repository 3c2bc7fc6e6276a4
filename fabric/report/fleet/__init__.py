"""The page of a fleet: waterfall, leaves over time, queue, waits, busiest links, money. It simulates nothing."""
