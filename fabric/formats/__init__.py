"""Foreign formats: one file each, read into and written from a Fabric with names. It knows no predictions and no runs."""
