"""Where files lie, and what they turn out to be.

Each file lies under its random id, never under a name of the client's: `ab/ab12….part` while it
grows, then `ab/ab12…`, with the thumbnail of a picture beside it.
"""

import codecs
import fcntl
import os
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from PIL import ExifTags, Image, ImageOps
from sqlalchemy import select

from .extensions import db
from .models import Upload
from .models.upload import ID
from .offload import offload

MOST_PIXELS = 36_000_000
THUMBNAIL_PIXELS = 480
THUMBNAIL_QUALITY = 80
PICTURES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
# A JPEG of several pictures, as some phones make them; every browser shows its first.
ALSO_JPEG = "MPO"
SIDEWAYS = (5, 6, 7, 8)
KINDS = {
    b"%PDF-": "application/pdf",
    b"PK\x03\x04": "application/zip",
    b"\x1f\x8b": "application/gzip",
}
UNKNOWN = "application/octet-stream"
HEAD_BYTES = 512
IDS_PER_QUERY = 500

# Pillow warns from its limit on and refuses from twice that; here it refuses without a warning.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


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

    def finish(self, upload_id: str) -> Facts:
        """Put a file that has come in full into its place and look at it; may be repeated."""
        path = self.path(upload_id)
        with suppress(FileNotFoundError):
            with self._part(upload_id).open("rb") as file:
                os.fsync(file.fileno())
            self._part(upload_id).replace(path)
        return examine(path, self.thumbnail(upload_id))

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


def finish(upload_id: str) -> Facts:
    """Finish a file on a native thread; the caller must not hold a transaction."""
    return offload(store().finish, upload_id)


def sweep() -> int:
    """Delete what was never sent, commits; how many files."""
    ids = Upload.forget_abandoned()
    db.session.commit()
    store().remove(*ids)
    return len(ids)


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


def examine(path: Path, thumbnail: Path) -> Facts:
    """Say what a file is, by its content alone, and make the thumbnail of a picture."""
    try:
        return _picture(path, thumbnail)
    except Exception:
        # Decoders fail in many ways on what is broken, too large or no picture at all. None of
        # them matters here: what cannot be shown is a file like any other.
        return Facts(_kind(path))


def _picture(path: Path, thumbnail: Path) -> Facts:
    with Image.open(path, formats=tuple(PICTURES)) as image:
        kind = PICTURES["JPEG" if image.format == ALSO_JPEG else image.format or ""]
        width, height = image.size
        if image.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS:
            width, height = height, width
        image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        _save(ImageOps.exif_transpose(image), thumbnail)
    return Facts(kind, width, height, has_thumbnail=True)


def _save(image: Image.Image, path: Path) -> None:
    """Write the pixels alone: where and with what a picture was taken stays in the original."""
    plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    plain.info.clear()
    draft = path.with_suffix(".draft")
    plain.save(draft, "WEBP", quality=THUMBNAIL_QUALITY)
    draft.replace(path)


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
