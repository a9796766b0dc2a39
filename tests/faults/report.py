"""The figures of each row, and docs/faults.md that is made of them."""

import importlib.metadata
import json
import platform
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from support.browser import find_chromium
from support.server import ROOT

FOLDER = ROOT / "test-results" / "faults"
PAGE = ROOT / "docs" / "faults.md"
PACKAGES = ("Flask-SocketIO", "python-socketio", "eventlet", "gunicorn", "SQLAlchemy")
COLUMNS = ("key", "fault", "promise", "measured", "form", "seed", "date", "passed")
MARKS = ("held", "**broken**")
BETWEEN_CELLS = re.compile(r"(?:^| )\|(?: |$)")
HEAD = """# Nothing lost, nothing twice, one order: the figures

Written by `make faults`; every figure comes from a run of tests/faults/. The oracle that judges
each run is tests/faults/oracle.py: every acknowledged `clientId` stands exactly once, numbers run
1..n, what each reader shows equals the database and a fresh reader, and nobody applied a change
out of order or was told of a message that is not stored.

*Full* rows ran with the numbers that the second column asks for. *Short* rows ran with the smaller
numbers that stand in their own figures: they do not show what a full run would show, and stand in
for it until it has been made. Rows were run at different states of the code, as their dates say.
"""


class Row:
    """One row of the table."""

    def __init__(self, key: str, fault: str, promise: str, form: str, seed: int) -> None:
        self.values: dict[str, Any] = {
            "key": key,
            "fault": fault,
            "promise": promise,
            "form": form,
            "seed": seed,
        }
        self.parts: list[str] = []

    def measured(self, text: str) -> None:
        """Add a figure."""
        self.parts.append(text)

    def keep(self, passed: bool) -> None:
        """Write it down."""
        self.values |= {
            "measured": "; ".join(self.parts),
            "passed": passed,
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        }
        path = FOLDER / self.values["form"] / f"{self.values['key']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.values, ensure_ascii=False, indent=1))


def rows() -> list[dict[str, Any]]:
    """What has been measured so far, in the order of the table.

    The page itself keeps what was measured elsewhere. A full run of a row stands before a short
    one, and a later one before an earlier.
    """
    measured = [json.loads(path.read_text()) for path in FOLDER.glob("*/*.json")]
    found = {row["key"]: row for row in sorted([*_on_the_page(), *measured], key=_weight)}
    return sorted(found.values(), key=lambda row: (not row["key"][:2].isdigit(), row["key"]))


def _weight(row: dict[str, Any]) -> tuple[bool, str]:
    return row["form"] == "full", row["date"]


def _on_the_page() -> Iterator[dict[str, Any]]:
    """The rows of the page as it stands."""
    for line in PAGE.read_text().splitlines() if PAGE.exists() else []:
        cells = [cell.replace("\\|", "|") for cell in BETWEEN_CELLS.split(line)[1:-1]]
        if len(cells) == len(COLUMNS) and cells[-1] in MARKS:
            row: dict[str, Any] = dict(zip(COLUMNS, cells, strict=True))
            yield {**row, "seed": int(row["seed"]), "passed": row["passed"] == MARKS[0]}


def write() -> None:
    """Write docs/faults.md."""
    lines = [
        HEAD,
        "| row | fault | must hold | measured | form | seed | date (UTC) | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows():
        shown = {**row, "passed": MARKS[not row["passed"]]}
        cells = [str(shown[column]) for column in COLUMNS]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += ["", "## On what", "", *(f"- {line}" for line in versions()), ""]
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n".join(lines))


def versions() -> list[str]:
    """What the figures were measured with."""
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    client = json.loads((ROOT / "node_modules/socket.io-client/package.json").read_text())
    return [
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}",
        packages,
        f"socket.io-client {client['version']} in Node {_says('node', '--version')}",
        _says("postgres", "--version"),
        _says("redis-server", "--version"),
        _says("nginx", "-v"),
        _says(find_chromium() or "chromium", "--version"),
    ]


def _says(*words: str) -> str:
    try:
        said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return f"{words[0]}: not installed"
    return (said.stdout + said.stderr).strip().split("\n")[0]


if __name__ == "__main__":
    write()
