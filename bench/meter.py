"""What processes have used, from the kernel's own books, and which core they may use."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROC = Path("/proc")
KIB = 1024
FIRST = -10


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        for children in PROC.glob(f"{each}/task/*/children"):
            found += map(int, children.read_text().split())
    return found


def cpu_seconds(pids: list[int]) -> float:
    """The CPU time of these processes until now, all their threads, to the nanosecond."""
    return sum(time.clock_gettime(_cpu_clock(pid)) for pid in pids)


def memory_kib(pids: list[int]) -> float:
    """The memory that these processes hold, what they share counted once."""
    return sum(_rollup(pid) for pid in pids)


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Let what is started inside run on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def go_first(pid: int = 0) -> None:
    """Let a process, what it starts, and its session go before others here, where we may.

    Where sessions share the machine evenly (sched_autogroup), niceness counts only within one.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, FIRST)
        (PROC / str(pid or "self") / "autogroup").write_text(str(FIRST))


def _cpu_clock(pid: int) -> int:
    """The clock of another process, as clock_getcpuclockid(3) makes its number."""
    return (~pid << 3) | 2


def _rollup(pid: int) -> int:
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"The kernel does not say what process {pid} holds.")
