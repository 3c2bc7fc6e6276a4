"""One file per library that can be measured; `catalog` lists them. Nothing here imports torch or mpi4py at the top."""
