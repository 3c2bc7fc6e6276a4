"""The compiled engine: the rules of the plain one in numba, equal in every start, end and placement. It knows no file."""
