"""Have pictures looked at by a process of its own each, `projchat.picture_decoder`.

Decoders are the part of us that strangers can keep busy: a file of half a megabyte may take minutes
and gigabytes. So each picture is decoded in a process that has little time and memory, knows no
secret and is ended when it takes too long. What cannot be looked at is no picture, but a file.
"""

import json
import os
import subprocess
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from . import picture_metadata
from .fair_share import Turns

ROOT = Path(__file__).resolve().parent.parent
DECODER = f"{__package__}.picture_decoder"
# It has less than this of the processor's time; a busy machine may give it late.
WALL_SECONDS = 60.0

# One picture at a time, and people in turn.
_turns = Turns()


def examine(path: Path, thumbnail: Path, person: Hashable) -> dict[str, Any] | None:
    """Strip a picture of its metadata and make its thumbnail; its type and size.

    None if it is no picture that browsers are to be shown. No transaction may be open.
    """
    with path.open("rb") as file:
        if not picture_metadata.is_known(file.read(picture_metadata.SIGNATURE_BYTES)):
            return None
    with _turns.take(person):
        return _ask_child(path, thumbnail)


def _ask_child(path: Path, thumbnail: Path) -> dict[str, Any] | None:
    process = subprocess.Popen(  # noqa: S603 - our own program, and the names are ours.
        [sys.executable, "-m", DECODER, str(path), str(thumbnail)],
        cwd=ROOT,
        env={"PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    # It says less than a pipe holds, so it is read when the process is gone, without waiting.
    with process.stdout as answer:  # type: ignore[union-attr]
        try:
            process.wait(WALL_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said = answer.read() if process.returncode == 0 else b""
    found: dict[str, Any] | None = json.loads(said) if said else None
    return found
