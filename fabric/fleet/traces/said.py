"""What readers of traces say of their rows by key: how they were read, why some were left out. It reads none.

The English of a key stands here, since errors tell it; other languages stand with the words of reports.
"""

from __future__ import annotations

from dataclasses import dataclass

ENGLISH = {
    # how rows were read
    "span_work": "time from start to end is taken as the work at full speed",
    "from_docs": "read from the documentation's format",
    "still_run_latest": "{} jobs still run: what they have run up to the latest time in the file is taken as all of it",
    "still_run": "{} jobs still run: what they have run so far is taken as all of it",
    "pod_work": "a pod's time from schedule to deletion is taken as its work",
    "processors": "processors and memory of pods count where the fleet's nodes have any",
    "utc": "moments without a time zone are taken as UTC",
    "duration_work": "a job's duration is taken as its work at full speed: what slowed it then is in it",
    "no_communication": "how much its jobs communicate is not in the trace",
    "stamps_zone": "the timestamps name no time zone: they are read as they stand",
    "elapsed_work": "elapsed time is taken as the work at full speed",
    "moments_zone": "the moments name no time zone: they are read as they stand",
    "slurm_priority": "Priority is Slurm's own, as last weighed: every policy here lets the higher one go first",
    "processor_device": "a processor of the trace counts as one device",
    "run_work": "run time is taken as the work at full speed",
    "unordered": "{} rows stand before an earlier one; jobs are ordered by submit time",
    # why rows were left out
    "state": "an unknown state",
    "no_device": "asks for no device",
    "too_many": "asks for more devices than 32 bits count",
    "not_run": "has not run: how long it would is not known",
    "no_creation": "no time of creation",
    "columns": "a row of another length than the header",
    "columns_or_id": "a row of another length than the header, or without a job id",
    "not_scheduled": "was never scheduled: how long it would have run is not known",
    "no_times": "no time of creation or deletion",
    "no_share": "no number or share of devices",
    "no_submit": "no submit time",
    "mixed_times": "a moment among seconds, or seconds among moments",
    "no_work": "no work or no number of devices",
    "outside": "{} outside its range",
    "no_duration": "no duration",
    "no_number": "no number of devices",
    "no_elapsed": "no elapsed time",
    "fields": "a line of other than {} fields",
    "field": "a field that is no number",
    "part": "a part of a job that stands as a whole too",
    "run_unknown": "how long it ran is not known",
    "same_id": "an id that was there already; the first is kept",
    "no_time": "ran for no time, or a negative one",
    "too_long": "ran for longer than {} days",
    "too_early": "was submitted before the begin of time",
}


@dataclass(frozen=True)
class Said:
    """One thing said. key: of ENGLISH; value: what stands in it for {}, empty for nothing."""

    key: str
    value: str = ""

    @property
    def text(self) -> str:
        """It in English."""
        return ENGLISH[self.key].format(self.value)
