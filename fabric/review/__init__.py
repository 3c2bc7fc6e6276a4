"""Design reviews: what fabrics are bought from, cost, draw, and give per unit of money. It measures and draws nothing."""
