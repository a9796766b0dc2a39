"""Blank out what a picture says about its maker, in place and without touching a pixel.

Cameras and programs write down where, when and with what a picture was taken: Exif, XMP, IPTC,
comments, previews. Every byte of that is overwritten, and the file keeps its length, so that an
upload stays what it was announced to be. What the picture is shown by stays: its colour profile,
and which side of it is up.

Sources: ITU-T T.81 and Exif 3.0 (JPEG), the PNG specification (3rd edition), RFC 9649 (WebP),
GIF89a.
"""

import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias
from zlib import crc32

SIGNATURE_BYTES = 16
ORIENTATION = 0x0112
UPRIGHT = 1
MAX_SCANS = 100


class Edit(NamedTuple):
    """Bytes to be written at a place in the file."""

    place: int
    data: bytes


class Malformed(ValueError):
    """The file does not follow its format, or not within our bounds."""


Edits: TypeAlias = Iterator[Edit]


def strip(path: Path) -> None:
    """Blank out the metadata of a picture; what is none of the formats we show stays as it is.

    Nothing is written if the file does not follow its format: then nobody is shown it as a
    picture. Raises `Malformed`.
    """
    with path.open("r+b") as file:
        data = file.read()
        for edit in list(_edits_of(data)):
            file.seek(edit.place)
            file.write(edit.data)
        file.flush()
        os.fsync(file.fileno())


def is_known(head: bytes) -> bool:
    """Say whether a file begins as one of the formats that are shown as pictures."""
    return any(signature.match(head) for signature in FORMATS)


def _edits_of(data: bytes) -> Edits:
    for signature, edits in FORMATS.items():
        if signature.match(data):
            return edits(data)
    return iter(())


def _blank(start: int, end: int) -> Edit:
    return Edit(start, bytes(end - start))


# -- Exif, in any of them


def _exif(start: int, end: int, data: bytes) -> Edit:
    """Leave of Exif which side is up, and nothing else."""
    orientation = _orientation(data[start:end])
    kept = b""
    if orientation != UPRIGHT and end - start >= len(_ONLY_ORIENTATION) + 8:
        kept = _ONLY_ORIENTATION + struct.pack(">HHI", orientation, 0, 0)
    return Edit(start, kept.ljust(end - start, b"\0"))


# A TIFF header, and a directory of one entry: the orientation, one number of 16 bits.
_ONLY_ORIENTATION = b"MM\0*" + struct.pack(">IHHHI", 8, 1, ORIENTATION, 3, 1)


def _orientation(tiff: bytes) -> int:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if not order:
        return UPRIGHT
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(count):
            tag, kind, _, value = struct.unpack_from(
                f"{order}HHIH", tiff, directory + 2 + 12 * entry
            )
            if tag == ORIENTATION and kind == 3 and 1 <= value <= 8:
                return int(value)
    except struct.error:
        pass
    return UPRIGHT


# -- JPEG

SOI, EOI, SOS, COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
JFIF, APP1, APP2, APP14 = 0xE0, 0xE1, 0xE2, 0xEE
APPLICATION = range(0xE0, 0xF0)
EXIF = b"Exif\0\0"
# What decoders need: the density, the colour profile, where further pictures begin, the colours.
NEEDED = {JFIF: b"JFIF\0", APP2: b"ICC_PROFILE\0", APP14: b"Adobe"}
INDEX_OF_PICTURES = b"MPF\0"
STANDALONE = {0x01, *range(0xD0, 0xD8)}
# In the data of a scan 0xFF is followed by a zero or by a restart marker.
END_OF_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")


def _jpeg(data: bytes) -> Edits:
    """Blank out segments; behind the picture may be further ones, as phones make them."""
    place, scans = 0, 0
    while data.startswith(b"\xff\xd8\xff", place):
        place += 2
        while True:
            marker, start, end = _segment(data, place)
            if marker == EOI:
                place = end
                break
            yield from _jpeg_segment(marker, start, end, data)
            place = end
            if marker == SOS:
                scans += 1
                if scans > MAX_SCANS:
                    raise Malformed("too many scans")
                place = _end_of_scan(data, place)
    if place < len(data):
        yield _blank(place, len(data))


def _segment(data: bytes, place: int) -> tuple[int, int, int]:
    """The marker at a place, and where its content begins and ends."""
    while data[place : place + 2] == b"\xff\xff":
        place += 1
    if place + 2 > len(data) or data[place] != 0xFF:
        raise Malformed("no marker")
    marker = data[place + 1]
    if marker == EOI or marker in STANDALONE:
        return marker, place + 2, place + 2
    if place + 4 > len(data):
        raise Malformed("cut off")
    end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
    if end < place + 4 or end > len(data):
        raise Malformed("cut off")
    return marker, place + 4, end


def _jpeg_segment(marker: int, start: int, end: int, data: bytes) -> Edits:
    if marker == APP1 and data.startswith(EXIF, start):
        yield _exif(start + len(EXIF), end, data)
    elif marker == COMMENT or (marker in APPLICATION and not _is_needed(marker, start, data)):
        yield _blank(start, end)


def _is_needed(marker: int, start: int, data: bytes) -> bool:
    if marker == APP2 and data.startswith(INDEX_OF_PICTURES, start):
        return True
    return marker in NEEDED and data.startswith(NEEDED[marker], start)


def _end_of_scan(data: bytes, place: int) -> int:
    end = END_OF_SCAN.search(data, place)
    if end is None:
        raise Malformed("cut off")
    return end.start()


# -- PNG

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_KNOWN = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB"),
    *(b"cICP", b"mDCV", b"cLLI", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT"),
}
# An ancillary, private chunk, of which every program knows that it may pass it over.
PNG_FILLER = b"blNk"


def _png(data: bytes) -> Edits:
    """Turn chunks that tell something into a filler, and blank out what follows the picture."""
    place, kind = len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        if place + 12 > len(data):
            raise Malformed("cut off")
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if end > len(data):
            raise Malformed("cut off")
        if kind not in PNG_KNOWN:
            content = bytes(length)
            if kind == b"eXIf":
                content = _exif(place + 8, end - 4, data).data
            name = kind if any(content) else PNG_FILLER
            yield Edit(place + 4, name + content + struct.pack(">I", crc32(name + content)))
        place = end
    if place < len(data):
        yield _blank(place, len(data))


# -- WebP

WEBP_KNOWN = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
WEBP_FILLER = b"JUNK"
WEBP_XMP_FLAG, WEBP_EXIF_FLAG = 0x04, 0x08


def _webp(data: bytes) -> Edits:
    """Turn chunks that tell something into a filler, and blank out what follows the picture."""
    total = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    place, flags_at, keeps_exif = 12, 0, False
    while place + 8 <= total:
        kind, length = struct.unpack_from("<4sI", data, place)
        start, end = place + 8, place + 8 + length
        if end > total:
            raise Malformed("cut off")
        if kind == b"VP8X" and length >= 10:
            flags_at = start
        elif kind not in WEBP_KNOWN:
            content = _exif(start, end, data).data if kind == b"EXIF" else bytes(length)
            keeps_exif |= any(content)
            yield Edit(place, kind if any(content) else WEBP_FILLER)
            yield Edit(start, content)
        place = end + length % 2
    if flags_at:
        cleared = data[flags_at] & ~(WEBP_XMP_FLAG | (0 if keeps_exif else WEBP_EXIF_FLAG))
        yield Edit(flags_at, bytes([cleared]))
    if total < len(data):
        yield _blank(total, len(data))


# -- GIF

GIF_EXTENSION, GIF_IMAGE, GIF_END = 0x21, 0x2C, 0x3B
GIF_CONTROL, GIF_APPLICATION = 0xF9, 0xFF
GIF_LOOP = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
GIF_PROFILE = b"ICCRGBG1012"


def _gif(data: bytes) -> Edits:
    """Blank out comments, texts and what programs keep for themselves."""
    try:
        yield from _gif_blocks(data)
    except IndexError:
        raise Malformed("cut off") from None


def _gif_blocks(data: bytes) -> Edits:
    place = 13 + _gif_colours(data[10])
    while data[place] != GIF_END:
        if data[place] == GIF_IMAGE:
            # The size of the codes follows the table of colours.
            place = _gif_end(data, place + 10 + _gif_colours(data[place + 9]) + 1)
        elif data[place] == GIF_EXTENSION:
            start, needed = place + 2, _gif_needs(data, place)
            place = _gif_end(data, start)
            if not needed:
                yield from _gif_blanks(data, start)
        else:
            raise Malformed("no block")
    if place + 1 < len(data):
        yield _blank(place + 1, len(data))


def _gif_colours(flags: int) -> int:
    """The bytes of a table of colours, if there is one."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _gif_needs(data: bytes, place: int) -> bool:
    label, name = data[place + 1], data[place + 3 : place + 14]
    return label == GIF_CONTROL or (
        label == GIF_APPLICATION and (name in GIF_LOOP or name == GIF_PROFILE)
    )


def _gif_end(data: bytes, place: int) -> int:
    while data[place]:
        place += 1 + data[place]
    return place + 1


def _gif_blanks(data: bytes, place: int) -> Edits:
    while data[place]:
        yield _blank(place + 1, min(place + 1 + data[place], len(data)))
        place += 1 + data[place]


FORMATS: dict[re.Pattern[bytes], Callable[[bytes], Edits]] = {
    re.compile(rb"\xff\xd8\xff"): _jpeg,
    re.compile(re.escape(PNG_SIGNATURE)): _png,
    re.compile(rb"RIFF.{4}WEBP", re.DOTALL): _webp,
    re.compile(rb"GIF8[79]a"): _gif,
}
