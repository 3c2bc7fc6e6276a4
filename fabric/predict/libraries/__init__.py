"""What each library runs when nobody forces an algorithm, one file per library."""
