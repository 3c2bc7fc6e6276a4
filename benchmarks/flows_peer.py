"""Our own side of the SimGrid comparison: as simgrid_peer.py: same file and output, in a process of its own."""

import json
import resource
import sys
import time
from pathlib import Path

from fabric.predict.flow_file import read
from fabric.predict.flows import finish_times


def main(file: str) -> None:
    """Simulate twice (the first run loads the compiled solver), time the second and print."""
    (case,) = read(Path(file))
    finish_times(case)
    begun = time.process_time()
    ends = finish_times(case).tolist()
    seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"finish_s": ends, "cpu_s": seconds, "peak_mib": peak}))


if __name__ == "__main__":
    main(sys.argv[1])
