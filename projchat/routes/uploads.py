"""Files: they come in chunks, wait to be sent with a message, and go out to members alone."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from flask import Blueprint, abort, after_this_request, current_app, g, request
from flask_login import current_user
from werkzeug.utils import send_file
from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator

from ..auth import streams
from ..errors import ApiError
from ..extensions import db, limiter
from ..fair_share import FairShare
from ..models import Quotas, Upload
from ..schemas import ErrorOut, UploadIn, UploadOut
from ..uploads import UNKNOWN, Moved, append, finish, store, sweep
from .contract import endpoint
from .projects import find, find_to_change

log = logging.getLogger("projchat")

bp = Blueprint("uploads", __name__, url_prefix="/api/projects/<int:project_id>")

Answer: TypeAlias = tuple[Response, int]

BLOCK_BYTES = 32 * 1024
WRITE_BYTES = 8 * BLOCK_BYTES
# What all files on their way in and out may take of this worker, in bytes a second: some tenth of
# the event loop's time on a slow core.
SHARE = FairShare(16 * 1024 * 1024, burst=WRITE_BYTES)
SWEEP_SECONDS = 3600
OFFSET = "Upload-Offset"
INTERNAL = "/uploads-internal"
BYTES = "application/octet-stream"
THUMBNAIL_TYPE = "image/webp"
# A browser may keep it, but asks each time whether its reader still belongs to the project.
CACHING = "private, no-cache"
# What somebody sent must not act in our name, whatever a browser makes of it. The style is what
# browsers themselves put around a picture that they show alone.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"

_swept_at = 0.0


@bp.post("/uploads")
@limiter.limit("60/minute")
@endpoint(body=UploadIn, tag="uploads", HTTP_201=UploadOut)
def create(project_id: int, body: UploadIn) -> tuple[dict[str, Any], int]:
    """Announce a file; its bytes follow by PATCH."""
    project = find_to_change(project_id)
    if body.size > current_app.config["UPLOAD_BYTES"]:
        raise ApiError(413, "too_large", {"size": "upload_too_large"})
    config = current_app.config
    quotas = Quotas(
        config["UPLOAD_QUOTA"], config["UPLOAD_QUOTA_PROJECT"], config["UPLOAD_QUOTA_TOTAL"]
    )
    upload = Upload.begin(project, current_user, body.name, body.size, quotas)
    db.session.commit()
    _sweep_now_and_then()
    return _described(upload), 201


@bp.get("/uploads/<upload_id>")
@endpoint(tag="uploads", HTTP_200=UploadOut)
def show(project_id: int, upload_id: str) -> dict[str, Any]:
    """How far my file has come; the header Upload-Offset tells it too."""
    return _described(_own(project_id, upload_id))


@bp.patch("/uploads/<upload_id>")
@streams
@endpoint(tag="uploads", HTTP_200=UploadOut)
def receive(project_id: int, upload_id: str) -> dict[str, Any]:
    """Take the next bytes of my file, from the one at Upload-Offset on; at most 1 MiB at once.

    What has arrived when the connection breaks is kept: ask for the offset and go on from there.
    With the last byte the file is looked at, and can be sent with a message.
    """
    upload = _own(project_id, upload_id)
    offset = _given_offset()
    # Nothing is held while the bytes come, which is at the client's pace.
    db.session.commit()
    if _append(upload, offset) == upload.size and not upload.is_whole:
        _finish(project_id, upload)
    return _described(upload)


@bp.delete("/uploads/<upload_id>")
@endpoint(tag="uploads", HTTP_204=None)
def cancel(project_id: int, upload_id: str) -> tuple[str, int]:
    """Give up my file before it is sent."""
    find_to_change(project_id)
    _own(project_id, upload_id).forget()
    db.session.commit()
    store().remove(upload_id)
    return "", 204


@bp.get("/uploads/<upload_id>/<name>")
@endpoint(tag="uploads", HTTP_200=None, HTTP_206=None, HTTP_416=ErrorOut)
def download(project_id: int, upload_id: str, name: str) -> Answer:
    """A file; its name in the address is for people. Only pictures are shown by browsers."""
    upload = _whole(project_id, upload_id)
    kind = str(upload.type) if upload.is_picture else UNKNOWN
    path = store().path(upload.id)
    return _sent(path, kind, as_attachment=not upload.is_picture, download_name=upload.name)


@bp.get("/thumbnails/<upload_id>")
@endpoint(tag="uploads", HTTP_200=None, HTTP_206=None, HTTP_416=ErrorOut)
def thumbnail(project_id: int, upload_id: str) -> Answer:
    """A picture, small and without what its camera wrote into it."""
    upload = _whole(project_id, upload_id)
    if not upload.has_thumbnail:
        abort(404)
    return _sent(store().thumbnail(upload.id), THUMBNAIL_TYPE)


def _find(project_id: int, upload_id: str) -> Upload:
    return Upload.find(find(project_id), current_user, upload_id) or abort(404)


def _own(project_id: int, upload_id: str) -> Upload:
    upload = _find(project_id, upload_id)
    return upload if upload.author_id == current_user.id else abort(404)


def _whole(project_id: int, upload_id: str) -> Upload:
    upload = _find(project_id, upload_id)
    return upload if upload.is_whole else abort(404)


def _described(upload: Upload) -> dict[str, Any]:
    offset = upload.size if upload.is_whole else store().offset(upload.id)
    _tell(offset)
    return upload.to_dict(offset)


def _tell(offset: int) -> None:
    @after_this_request
    def add(response: Response) -> Response:
        response.headers[OFFSET] = str(offset)
        return response


def _given_offset() -> int:
    text = request.headers.get(OFFSET, "")
    if request.mimetype != BYTES:
        raise ApiError(400, "not_bytes")
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise ApiError(400, "malformed")
    return int(text)


def _append(upload: Upload, offset: int) -> int:
    """Put what arrives at the end of the file, as it arrives; where the end is then."""
    end = upload.size if upload.is_whole else store().offset(upload.id)
    if offset != end:
        raise _elsewhere(end)
    if (request.content_length or 0) > upload.size - offset:
        raise ApiError(413, "too_large")
    try:
        for block in _blocks(current_user.id):
            if len(block) > upload.size - offset:
                raise ApiError(413, "too_large")
            offset = append(upload.id, offset, block)
    except Moved as moved:
        raise _elsewhere(moved.offset) from None
    except OSError as error:
        log.error("A file cannot be stored: %s", error.strerror)
        raise ApiError(503, "storage_full") from None
    return offset


def _blocks(person_id: int) -> Iterator[bytes]:
    """The bytes of the request, several reads at a time; what came before it broke off as well."""
    block = bytearray()
    try:
        while piece := _in_turn(person_id, request.stream.read, BLOCK_BYTES):
            block += piece
            if len(block) >= WRITE_BYTES:
                full, block = bytes(block), bytearray()
                yield full
    except Exception:
        if block:
            yield bytes(block)
        raise
    if block:
        yield bytes(block)


def _in_turn(person_id: int, read: Callable[..., bytes], *args: Any) -> bytes:
    """Read a piece in turn: whoever is quick always has more, and would keep the loop busy."""
    SHARE.wait(person_id)
    piece = read(*args)
    SHARE.charge(len(piece))
    return piece


def _elsewhere(offset: int) -> ApiError:
    _tell(offset)
    return ApiError(409, "upload_offset")


def _finish(project_id: int, upload: Upload) -> None:
    """Note what the file turned out to be, unless it or its author is gone meanwhile."""
    try:
        facts = finish(upload.id, current_user.id)
    except FileNotFoundError:
        abort(404)
    g.reading = False
    find_to_change(project_id)
    if not _own(project_id, upload.id).become(**asdict(facts)):
        abort(404)
    db.session.commit()


def _sweep_now_and_then() -> None:
    """Files pile up only where files are sent, so whoever sends one has the old ones removed."""
    global _swept_at
    if time.monotonic() - _swept_at > SWEEP_SECONDS or not _swept_at:
        _swept_at = time.monotonic()
        sweep()


def _sent(path: Path, kind: str, **options: Any) -> Answer:
    """The bytes, whole or in part, by ourselves or by the proxy in front.

    Whoever has come here is a member: only then is it said that a file has not changed (304). The
    proxy does that by an ETag of its own, once it has been told which file it is.
    SpecTree reads an answer of Flask's own class before it goes out, and of another's forgets
    the status; so this is another's, with its status beside it.
    """
    hand_over = current_app.config["ACCEL"]
    options |= {"environ": request.environ, "response_class": Response}
    try:
        answer = send_file(
            path, mimetype=kind, conditional=not hand_over, etag=path.name, **options
        )
    except FileNotFoundError:
        abort(404)
    if hand_over:
        answer.close()
        answer.direct_passthrough = False
        answer.set_data(b"")
        answer.headers["X-Accel-Redirect"] = f"{INTERNAL}/{path.parent.name}/{path.name}"
    else:
        blocks = answer.response
        answer.response = ClosingIterator(_in_turns(blocks, current_user.id), blocks.close)  # type: ignore[union-attr]
    answer.headers["Cache-Control"] = CACHING
    answer.headers["Content-Security-Policy"] = POLICY
    return answer, answer.status_code


def _in_turns(blocks: Any, person_id: int) -> Iterator[bytes]:
    """Send block after block in turn."""
    while block := _in_turn(person_id, next, blocks, b""):
        yield block
