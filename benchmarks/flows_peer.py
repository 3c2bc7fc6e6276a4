"""Our own side of the SimGrid comparison: as simgrid_peer.py: same file and output, in a process of its own."""

import json
import sys
import time
from pathlib import Path

from fabric.predict.flows.file import read
from fabric.predict.flows.given import finish_times


def main(file: str, *, once: bool) -> None:
    """Simulate twice (the first run loads the compiled solver), time the second and print.

    With `once` as a second argument only once: the whole process is what a user waits for.
    """
    (case,) = read(Path(file))
    if not once:
        finish_times(case)
    begun = time.process_time()
    ends = finish_times(case).tolist()
    seconds = time.process_time() - begun
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024  # ru_maxrss would count the parent
    print(json.dumps({"finish_s": ends, "cpu_s": seconds, "peak_mib": peak}))


if __name__ == "__main__":
    main(sys.argv[1], once="once" in sys.argv)
