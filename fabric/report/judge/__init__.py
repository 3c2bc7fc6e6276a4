"""The page of `judge`: the verdict first, then measured against expected, signatures, every row."""
