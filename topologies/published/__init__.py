"""Real fabrics as short specs with the counts their publishers print. It knows no speeds, no prices, no jobs."""
