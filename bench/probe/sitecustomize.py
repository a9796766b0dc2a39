"""Write down how late the event loop of each worker is, in whatever version of projchat runs here.

Python imports this at its start where this folder is in PYTHONPATH. As soon as a worker has loaded
its application a greenlet measures as projchat/loop_delay.py of this tree does, so two versions
are measured by the same code, and adds a line "MOMENT DELAY" for each time it was woken, both in
seconds, to the file that BENCH_LOOP_DELAY names.
"""

import importlib.util
import os
import sys
import time
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

ENTRY = "wsgi"
INTERVAL_SECONDS = 0.01
LOOP_DELAY = Path(__file__).parents[2] / "projchat" / "loop_delay.py"


class Finder(MetaPathFinder):
    """Finds the entry point as Python does, and has the measuring begin when that is loaded."""

    def find_spec(self, name, path, target=None):
        """Find it; everything else is found by others."""
        if name != ENTRY:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            _measure_after_load(spec)
        return spec


def _measure_after_load(spec: ModuleSpec) -> None:
    load = spec.loader.exec_module

    def load_and_measure(module):
        load(module)
        _measure()

    spec.loader.exec_module = load_and_measure


def _measure() -> None:
    """Measure for as long as the process lives; its modules are eventlet's by now."""
    import eventlet  # noqa: PLC0415 - whoever else starts Python here must not wait for it.

    spec = importlib.util.spec_from_file_location("bench_loop_delay", LOOP_DELAY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    file = os.open(os.environ["BENCH_LOOP_DELAY"], flags, 0o600)

    def record(delay: float) -> None:
        os.write(file, f"{time.monotonic():.6f} {delay:.6f}\n".encode())

    eventlet.spawn(module.LoopDelay(INTERVAL_SECONDS, record).run)


if os.environ.get("BENCH_LOOP_DELAY"):
    sys.meta_path.insert(0, Finder())
