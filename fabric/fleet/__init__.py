"""A whole centre over time: jobs in a queue, on nodes, over shared links, under a policy. It knows no money and no page."""
