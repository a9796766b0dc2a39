"""Versions of projchat to compare with, each installed from its own locks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.server import ROOT


def installed(version: str, folder: Path) -> Path:
    """Install another version from its own locks, and return its tree; one that is ready stays."""
    if (Path(version) / ".venv").is_dir():
        return Path(version).resolve()
    folder.mkdir()
    archive = subprocess.run(
        ["git", "archive", version], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    plain = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    # The same Python for both.
    words = ["make", "install", f"PYTHON={Path(sys.base_prefix) / 'bin' / 'python3'}"]
    with _quiet(folder / "install.log") as log:
        subprocess.run(words, cwd=folder, env=plain, stdout=log, stderr=log, check=True)
    return folder


def commit_of(version: str) -> str:
    """Return the commit of a version, or of the folder where it is installed."""
    folder, name = (version, "HEAD") if Path(version).is_dir() else (ROOT, version)
    words = ["git", "rev-parse", "--short", f"{name}^{{commit}}"]
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


@contextmanager
def _quiet(path: Path) -> Iterator[int]:
    """A file for what an installation says, which is shown if it fails."""
    with path.open("wb") as log:
        try:
            yield log.fileno()
        except subprocess.CalledProcessError as error:
            raise RuntimeError(path.read_text(errors="replace")[-2000:]) from error
