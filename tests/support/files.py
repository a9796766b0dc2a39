"""Files to send, and how a program sends them."""

import io
from typing import Any

import requests
from PIL import Image

from support.cast import Project, done
from support.person import Person

CHUNK = 1024 * 1024
ORIENTATION = 0x0112
SIDEWAYS = 6


def picture(
    width: int = 60, height: int = 40, kind: str = "PNG", colour: str = "teal", **options: Any
) -> bytes:
    """A picture of one colour."""
    mode = "L" if colour == "black" else "RGB"
    file = io.BytesIO()
    Image.new(mode, (width, height), colour).save(file, kind, **options)
    return file.getvalue()


def photograph(width: int = 1200, height: int = 800) -> bytes:
    """A picture from a camera that was held sideways and wrote down whose it is."""
    exif = Image.Exif()
    exif[ORIENTATION] = SIDEWAYS
    exif[0x010F] = "Secret Camera"
    return picture(width, height, "JPEG", exif=exif)


def begin(person: Person, project: Project, name: str, size: int) -> dict[str, Any]:
    """Announce a file."""
    body = {"name": name, "size": size, "type": "image/png"}
    return done(person.post(f"{project.api}/uploads", body))


def send(
    person: Person, project: Project, upload_id: str, offset: int, data: Any, **options: Any
) -> requests.Response:
    """Send the next bytes of a file."""
    headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
    headers |= options.pop("headers", {})
    path = f"{project.api}/uploads/{upload_id}"
    return person.request("PATCH", path, data=data, headers=headers, **options)


def upload(
    person: Person, project: Project, name: str = "notes.txt", data: bytes = b"some notes"
) -> dict[str, Any]:
    """Send a whole file; what it has become."""
    made = begin(person, project, name, len(data))
    for start in range(0, len(data), CHUNK):
        answer = send(person, project, made["id"], start, data[start : start + CHUNK])
        made = done(answer)
    attachment: dict[str, Any] = made["attachment"]
    return attachment


def post(person: Person, project: Project, *files: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Send a message with files."""
    ids = [file["id"] for file in files]
    return project.post(person, fields.pop("content", ""), uploads=ids, **fields)
