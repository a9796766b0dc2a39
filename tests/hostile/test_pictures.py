"""No picture holds up the others, and none says where and with what it was taken."""

import io
import struct
import threading
import time

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from hostile.blocking import MOST_SECONDS, wait_beside
from support.cast import done
from support.files import picture, post, upload

SECRET = b"Secret Camera"
ORIENTATION = 0x0112
SIDEWAYS = 6


def segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def many_scans(side, count):
    """A grey progressive JPEG whose scans but the first add nothing, and take long all the same."""
    blocks = ((side + 7) // 8) ** 2
    tables = b"".join(
        [
            segment(0xDB, b"\0" + b"\1" * 64),
            segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0"),
            # Of either table one code: no change for the first number, and for the others
            # "nothing in the next 16,384 blocks and as many as the 14 bits that follow say".
            segment(0xC4, b"\x00\1" + b"\0" * 15 + b"\x00"),
            segment(0xC4, b"\x10\1" + b"\0" * 15 + b"\xe0"),
        ]
    )
    first = segment(0xDA, b"\1\1\0\0\0\0") + bits("0" * blocks)
    runs = -(-blocks // 0x7FFF)
    empty = segment(0xDA, b"\1\1\0\1\x3f\0") + bits(("0" + "1" * 14) * runs)
    return b"\xff\xd8" + tables + first + empty * count + b"\xff\xd9"


def bits(text):
    """Bits as bytes, filled up with ones; 0xFF is followed by a zero."""
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8).replace(b"\xff", b"\xff\0")


def test_thousands_of_scans(target, arena, bystanders):
    """8,000 took 25 s of a thread that logins waited for; the first ones killed the worker."""
    data, people = many_scans(2048, 8000), [target.newcomer() for _ in range(2)]
    arena.admit(*people)
    files, logins = [], []

    def send(person):
        files.append(upload(person, arena, "holiday.jpg", data))

    def attack():
        threads = [threading.Thread(target=send, args=(person,)) for person in people]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        people[0].again()
        logins.append(time.monotonic() - began)
        for thread in threads:
            thread.join()

    assert wait_beside(target.server, attack, bystanders).worst < MOST_SECONDS
    assert [file["thumbnailUrl"] for file in files] == [None, None]
    assert logins[0] < 10


def test_a_few_scans_are_a_picture(arena):
    file = upload(arena.owner, arena, "holiday.jpg", many_scans(64, 20))
    assert (file["type"], file["width"]) == ("image/jpeg", 64)


def told(kind):
    """A picture that says a lot about its maker, and stands on its side."""
    exif = Image.Exif()
    exif[ORIENTATION] = SIDEWAYS
    exif[ExifTags.Base.Make] = SECRET.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    options = {"exif": exif} if kind != "GIF" else {}
    if kind == "PNG":
        options["pnginfo"] = words = PngImagePlugin.PngInfo()
        words.add_text("Author", SECRET.decode())
        words.add_itxt("XML:com.adobe.xmp", SECRET.decode(), zip=True)
    elif kind == "JPEG":
        options |= {"comment": SECRET, "xmp": SECRET}
    elif kind == "WEBP":
        options["xmp"] = SECRET
    else:
        options["comment"] = SECRET
    data = picture(60, 40, kind, icc_profile=b"a profile of colours", **options)
    if kind == "JPEG":
        iptc = segment(0xED, b"Photoshop 3.0\0" + SECRET)
        data = data[:2] + iptc + data[2:]
    return data + SECRET


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_nobody_learns_who_took_a_picture(target, arena, kind):
    bob = target.newcomer()
    arena.admit(bob)
    data = told(kind)
    [file] = post(arena.owner, arena, upload(arena.owner, arena, "x", data))["attachments"]
    answer = bob.get(file["url"])
    assert (file["size"], int(answer.headers["Content-Length"])) == (len(data), len(data))
    assert file["type"] == f"image/{kind.lower()}"
    assert SECRET not in answer.content
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(answer.content))
    assert before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    upright = {} if kind == "GIF" else {ORIENTATION: SIDEWAYS}
    assert dict(after.getexif()) == upright
    part = bob.get(file["url"], headers={"Range": "bytes=2-20"})
    assert (part.status_code, part.content) == (206, answer.content[2:21])


def test_a_large_photograph_is_stripped_though_it_is_not_shown(arena):
    """More pixels than are decoded here; people's phones make such ones."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = SECRET.decode()
    data = picture(8000, 5000, "JPEG", colour="black", exif=exif)
    [file] = post(arena.owner, arena, upload(arena.owner, arena, "x.jpg", data))["attachments"]
    assert file["thumbnailUrl"] is None
    assert SECRET not in done_bytes(arena.owner.get(file["url"]))


def done_bytes(answer):
    assert answer.ok
    return answer.content


@pytest.mark.parametrize("size", [3, 40, 200])
def test_what_is_cut_off_stays_as_it_was_sent(arena, size):
    data = told("JPEG")[:size]
    [file] = post(arena.owner, arena, upload(arena.owner, arena, "x.jpg", data))["attachments"]
    assert file["thumbnailUrl"] is None
    assert done(arena.owner.get(f"{arena.api}/uploads/{file['id']}"))["size"] == size
    assert done_bytes(arena.owner.get(file["url"])) == data
