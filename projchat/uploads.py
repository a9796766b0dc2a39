"""Where files lie, and what they turn out to be.

Each file lies under its random id, never under a name of the client's: `ab/ab12….part` while it
grows, then `ab/ab12…`, with the thumbnail of a picture beside it.
"""

import codecs
import fcntl
import os
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from . import pictures
from .extensions import db
from .models import Upload, UploadTotal
from .models.upload import ID
from .offload import storage

KINDS = {
    b"%PDF-": "application/pdf",
    b"PK\x03\x04": "application/zip",
    b"\x1f\x8b": "application/gzip",
}
UNKNOWN = "application/octet-stream"
HEAD_BYTES = 512
IDS_PER_QUERY = 500


class Moved(Exception):
    """The bytes do not belong at the end of the file as it is now; `offset` is where that is."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@dataclass(frozen=True)
class Facts:
    """What a file turned out to be."""

    type: str
    width: int | None = None
    height: int | None = None
    has_thumbnail: bool = False


@dataclass(frozen=True)
class Store:
    """The folder of all files."""

    folder: Path

    def path(self, upload_id: str) -> Path:
        """Where a whole file lies."""
        return self.folder / upload_id[:2] / upload_id

    def thumbnail(self, upload_id: str) -> Path:
        """Where the thumbnail of a picture lies."""
        return self.path(upload_id).with_suffix(".webp")

    def offset(self, upload_id: str) -> int:
        """How many bytes of a file have come."""
        for path in (self.path(upload_id), self._part(upload_id)):
            with suppress(FileNotFoundError, NotADirectoryError):
                return path.stat().st_size
        return 0

    def append(self, upload_id: str, offset: int, block: bytes) -> int:
        """Add bytes at the end; the new offset. Raises `Moved` if the end is somewhere else.

        The lock is held for the write alone: a connection that has died in the middle of a file
        must not keep the next one waiting.
        """
        path = self._part(upload_id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = os.fstat(file.fileno()).st_size
            if end != offset:
                raise Moved(end)
            file.write(block)
        return offset + len(block)

    def put_in_place(self, upload_id: str) -> Path:
        """Put a file that has come in full into its place, for good; may be repeated."""
        path = self.path(upload_id)
        with suppress(FileNotFoundError):
            with self._part(upload_id).open("rb") as file:
                os.fsync(file.fileno())
            self._part(upload_id).replace(path)
        return path

    def remove(self, *ids: str) -> None:
        """Delete the bytes of files; those that are gone are passed over."""
        for upload_id in ids:
            path = self.path(upload_id)
            for suffix in ("", ".part", ".webp", ".draft"):
                path.with_suffix(suffix).unlink(missing_ok=True)

    def ids(self) -> list[str]:
        """The ids of all files that lie here."""
        stems = {path.stem for path in self.folder.glob("??/*")}
        return sorted(stem for stem in stems if ID.fullmatch(stem))

    def _part(self, upload_id: str) -> Path:
        return self.path(upload_id).with_suffix(".part")


def store() -> Store:
    """The store of this application."""
    return Store(current_app.config["INSTANCE"] / "uploads")


def append(upload_id: str, offset: int, block: bytes) -> int:
    """Append to a file on a native thread; the caller must not hold a transaction."""
    return storage.call(store().append, upload_id, offset, block)


def finish(upload_id: str, person: Hashable) -> Facts:
    """Finish a file of a person and look at it; the caller must not hold a transaction."""
    path = storage.call(store().put_in_place, upload_id)
    picture = pictures.examine(path, store().thumbnail(upload_id), person)
    return Facts(**picture) if picture else Facts(_kind(path))


def sweep() -> int:
    """Delete what was never sent, commits; how many files."""
    ids = Upload.forget_abandoned()
    db.session.commit()
    store().remove(*ids)
    return len(ids)


def count_anew() -> None:
    """Add up the sizes of all files, commits."""
    UploadTotal.count_anew()
    db.session.commit()


def sweep_strays() -> int:
    """Delete bytes that belong to no file: a process was killed between commit and removal.

    The row of a file is there before its first byte, so what has no row now never gets one.
    """
    ids, known = store().ids(), set[str]()
    for start in range(0, len(ids), IDS_PER_QUERY):
        some = ids[start : start + IDS_PER_QUERY]
        known.update(db.session.scalars(select(Upload.id).where(Upload.id.in_(some))))
    strays = [upload_id for upload_id in ids if upload_id not in known]
    store().remove(*strays)
    return len(strays)


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    for signature, kind in KINDS.items():
        if head.startswith(signature):
            return kind
    return "text/plain" if _is_text(head) else UNKNOWN


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(ord(char) < 32 and char not in "\t\n\f\r" for char in text)
