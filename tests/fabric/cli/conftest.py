"""Lets tests of the command line say `from typed import typed`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
