"""Strip a picture of its metadata and make its thumbnail, in little time and memory.

A program of its own: `python -m projchat.picture_decoder FILE THUMBNAIL` prints what it found.
"""

import json
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageOps

from . import picture_metadata

MAX_PIXELS = 36_000_000
THUMBNAIL_PIXELS = 480
THUMBNAIL_QUALITY = 80
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
# A JPEG of several pictures, as some phones make them; every browser shows its first.
ALSO_JPEG = "MPO"
SIDEWAYS = (5, 6, 7, 8)

# A picture of 36 megapixels takes a second or two, and some 300 MB.
CPU_SECONDS = 8
MEMORY_BYTES = 1024**3
NICENESS = 5

# Pillow warns from its limit on and refuses from twice that; here it refuses without a warning.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def main(path: Path, thumbnail: Path) -> None:
    """Say what a picture is; whatever fails ends the process, and it is a file like any other."""
    _limit()
    picture_metadata.strip(path)
    print(json.dumps(_picture(path, thumbnail)))  # noqa: T201


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)


def _picture(path: Path, thumbnail: Path) -> dict[str, Any]:
    with Image.open(path, formats=tuple(TYPES)) as image:
        kind = TYPES["JPEG" if image.format == ALSO_JPEG else image.format or ""]
        width, height = image.size
        if image.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS:
            width, height = height, width
        image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        _save(ImageOps.exif_transpose(image), thumbnail)
    return {"type": kind, "width": width, "height": height, "has_thumbnail": True}


def _save(image: Image.Image, path: Path) -> None:
    """Write the pixels alone."""
    plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    plain.info.clear()
    draft = path.with_suffix(".draft")
    plain.save(draft, "WEBP", quality=THUMBNAIL_QUALITY)
    draft.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
