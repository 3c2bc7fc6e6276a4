"""Tables, charts and the page of what was measured and predicted."""
