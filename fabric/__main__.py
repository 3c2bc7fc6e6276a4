"""`python -m fabric` is the same program as the console script `fabricbench`."""

from fabric.cli.main import main

if __name__ == "__main__":
    main()
