"""Routes: policies, tables, splits, and the compiled loops under them. It knows no bytes and no time."""
