"""GET …/uploads/<id>/<name> and …/thumbnails/<id>: files as they go out."""

import io
import zlib

import pytest
from PIL import Image

from support.answers import refused
from support.cast import Cast
from support.files import photograph, picture, post, upload

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
WINDOWS = b"MZ\x90\0\x03\0\0\0" + b"\0" * 500
LINUX = b"\x7fELF\x02\x01" + b"\0" * 500


@pytest.fixture
def sent(bob, project):
    """Send a file with a message; what others see of it."""

    def send_file(name, data):
        return post(bob, project, upload(bob, project, name, data))["attachments"][0]

    return send_file


def test_members_get_the_very_bytes(alice, bob, charlie, frank, anonymous, sent):
    data = bytes(range(256)) * 300
    file = sent("отчёт «март».bin", data)
    answer = alice.get(file["url"])
    assert answer.content == data
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''%D0%BE%D1%82" in answer.headers["Content-Disposition"]
    for person in (charlie, frank):
        refused(person.get(file["url"]), 404, "not_found")
    refused(anonymous.get(file["url"]), 401, "unauthenticated")


def test_nobody_but_its_author_gets_what_is_not_sent_yet(alice, bob, project):
    file = upload(bob, project, "a.png", picture())
    for path in (file["url"], file["thumbnailUrl"]):
        assert bob.get(path).ok
        refused(alice.get(path), 404, "not_found")


def test_whoever_is_removed_gets_it_no_more(bob, project, sent):
    file = sent("a.png", picture())
    paths = (file["url"], file["thumbnailUrl"])
    known = [bob.get(path).headers["ETag"] for path in paths]
    project.remove(bob)
    for path, etag in zip(paths, known, strict=True):
        refused(bob.get(path), 404, "not_found")
        refused(bob.get(path, headers={"If-None-Match": etag}), 404, "not_found")


def test_what_goes_out_can_do_nothing_and_is_asked_for_each_time(alice, sent):
    file = sent("a.png", picture())
    for path in (file["url"], file["thumbnailUrl"]):
        headers = alice.get(path).headers
        again = alice.get(path, headers={"If-None-Match": headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("Cache-Control", "Content-Security-Policy", "ETag", "Vary"):
            assert again.headers[name] == headers[name]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "private, no-cache"
        assert "Cookie" in headers["Vary"]


def test_a_part_can_be_asked_for(alice, sent):
    data = bytes(range(256)) * 300
    file = sent("a.bin", data)
    answer = alice.get(file["url"], headers={"Range": "bytes=1000-1999"})
    assert answer.status_code == 206
    assert answer.content == data[1000:2000]
    assert answer.headers["Content-Range"] == f"bytes 1000-1999/{len(data)}"
    refused(alice.get(file["url"], headers={"Range": "bytes=99999-"}), 416, "range_unknown")


def test_a_picture_is_shown_with_its_size(alice, sent):
    for kind in ("PNG", "JPEG", "GIF", "WEBP"):
        file = sent("anything.exe", picture(60, 40, kind))
        assert (file["type"], file["width"], file["height"]) == (f"image/{kind.lower()}", 60, 40)
        answer = alice.get(file["url"])
        assert answer.headers["Content-Type"] == file["type"]
        assert answer.headers["Content-Disposition"].startswith("inline")


def test_a_thumbnail_stands_upright_and_tells_nothing(alice, sent):
    file = sent("holiday.jpg", photograph(1200, 800))
    assert (file["width"], file["height"]) == (800, 1200)
    answer = alice.get(file["thumbnailUrl"])
    assert answer.headers["Content-Type"] == "image/webp"
    small = Image.open(io.BytesIO(answer.content))
    assert small.size == (320, 480)
    assert not small.getexif()
    assert b"Secret Camera" not in answer.content


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (SVG, "text/plain"),
        (HTML, "text/plain"),
        (WINDOWS, "application/octet-stream"),
        (LINUX, "application/octet-stream"),
        (b"GIF89a<script>alert(1)</script>", "text/plain"),
        (picture(600, 400)[:500], "application/octet-stream"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"BM" + b"\0" * 100, "application/octet-stream"),
    ],
)
def test_what_is_no_picture_is_a_file_whatever_its_name(alice, sent, data, kind):
    file = sent("picture.png", data)
    assert (file["type"], file["width"], file["thumbnailUrl"]) == (kind, None, None)
    answer = alice.get(file["url"])
    assert answer.content == data
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    thumbnail = file["url"].replace("/uploads/", "/thumbnails/").rsplit("/", 1)[0]
    refused(alice.get(thumbnail), 404, "not_found")


def test_a_picture_of_forty_megapixels_is_kept_as_a_file(alice, sent, server):
    file = sent("large.png", picture(8000, 5000, colour="black"))
    assert (file["type"], file["width"], file["thumbnailUrl"]) == (
        "application/octet-stream",
        None,
        None,
    )
    assert alice.get(file["url"]).headers["Content-Disposition"].startswith("attachment")


def test_a_picture_that_lies_about_its_size_is_kept_as_a_file(sent):
    data = bytearray(picture())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    assert sent("bomb.png", bytes(data))["thumbnailUrl"] is None


def test_a_proxy_can_do_the_sending(make_server):
    cast = Cast(make_server(PROJCHAT_ACCEL="1"))
    project = cast.project(cast.administrator())
    file = upload(project.owner, project, "a.png", picture())
    answer = project.owner.get(file["url"])
    place = f"/uploads-internal/{file['id'][:2]}/{file['id']}"
    assert answer.headers["X-Accel-Redirect"] == place
    assert answer.content == b""
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == "inline; filename=a.png"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in answer.headers["Vary"]
    # The proxy knows the file by an ETag of its own, and says itself what has not changed.
    known = {"If-None-Match": answer.headers["ETag"]}
    assert project.owner.get(file["url"], headers=known).headers["X-Accel-Redirect"] == place
    small = project.owner.get(file["thumbnailUrl"])
    assert small.headers["X-Accel-Redirect"] == f"{place}.webp"
