"""docs/performance.md, written from the results that are kept under bench/results/."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.goals import Results
from bench.table import failure_lines, goal_rows, markdown, rows, rows_apart, rows_beside

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "pictures"
WORDS = Path(__file__).with_name("page.md")
PACKAGES = ("Flask-SocketIO", "python-engineio", "eventlet", "gunicorn", "SQLAlchemy")
MODULES = ("next", "socket.io", "libsql")


def keep(name: str, results: Results, *versions: str) -> None:
    """Keep a whole run, with the versions of what only it has met; write the page anew."""
    KEPT.mkdir(exist_ok=True)
    kept = {"about": _about(*versions), "results": results}
    (KEPT / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
    write()


def write() -> None:
    """Write the page and its plots from what is kept."""
    from bench.plots import draw  # noqa: PLC0415 - only who writes the page needs matplotlib.

    runs = {path.stem: json.loads(path.read_text()) for path in sorted(KEPT.glob("*.json"))}
    results = {name: rounds for run in runs.values() for name, rounds in run["results"].items()}
    draw(results, PICTURES)
    parts = {
        "table": markdown(rows(results)),
        "apart": markdown(rows_apart(results)),
        "beside": _beside(results),
        "goals": markdown(goal_rows(results)),
        "failures": "\n".join(_failures(results)),
        "about": "\n".join(_about_lines(runs)),
    }
    PAGE.write_text(WORDS.read_text().format(**parts))


def _beside(results: Results) -> str:
    lines = list(rows_beside(results))
    return markdown(lines) if len(lines) > 1 else "No whole run of it is kept as yet."


def _failures(results: Results) -> Iterator[str]:
    lines = [f"- {line}" for line in failure_lines(results)]
    yield from lines or ["Nothing of that happened in these runs."]


def _about(*versions: str) -> dict[str, Any]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "versions": [
            f"Python {platform.python_version()}, {_build()}, "
            f"{platform.system()} {platform.release()}, {_processor()}, {os.cpu_count()} cores",
            ", ".join(f"{name} {version(name)}" for name in PACKAGES),
            f"Node {_output('node', '--version')}, " + ", ".join(map(_module, MODULES)),
            *versions,
        ],
    }


def _about_lines(runs: dict[str, Any]) -> Iterator[str]:
    for name, run in runs.items():
        yield f"- `{name}`, {run['about']['date']}: " + "; ".join(run["about"]["versions"])


def _build() -> str:
    """Whose Python it is: Debian builds its own guided by a profile, which many others lack."""
    return "the system's own" if sys.base_prefix == "/usr" else "not the system's own"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def _module(name: str) -> str:
    package = ROOT / "bench" / "reference" / "node_modules" / name / "package.json"
    return f"{name} {json.loads(package.read_text())['version']}"


def _output(*command: str) -> str:
    if not shutil.which(command[0]):
        return "absent"
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
