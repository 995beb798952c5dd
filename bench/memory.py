"""How large this process was at its largest, since it began or was last asked to forget."""

from __future__ import annotations

import contextlib
import re
import resource
from pathlib import Path

FORGET = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")
FORGET_PEAK = "5"
KIB_IN_MIB = 1024


def reset_peak() -> None:
    """Linux forgets the peak on request; elsewhere it stays that of the whole process."""
    with contextlib.suppress(OSError):
        FORGET.write_text(FORGET_PEAK)


def peak_mib() -> float:
    with contextlib.suppress(OSError):
        if found := re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text()):
            return int(found[1]) / KIB_IN_MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_IN_MIB
