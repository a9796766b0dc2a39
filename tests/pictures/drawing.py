"""The picture that Clara sends, and how pictures of pages are made small."""

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (1280, 560)
LARGEST = 100_000
COLOURS = 256
# How far the parts of a colour are apart in one that is bright, and how much more it counts.
BRIGHT = 60
EMPHASIS = 30
SKY = ((38, 70, 120), (242, 166, 120))
HILLS = (((92, 84, 132), 350, 90), ((62, 66, 112), 430, 70), ((34, 44, 82), 500, 50))


def start_page() -> bytes:
    """A start page: a headline over hills in the evening."""
    image = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(image)
    _sky(draw)
    draw.ellipse((860, 180, 1020, 340), fill=(255, 214, 150))
    for colour, height, swing in HILLS:
        draw.polygon(_hill(height, swing), fill=colour)
    draw.text((90, 80), "Made by hand,", "white", ImageFont.load_default(84))
    draw.text((90, 175), "sent by morning.", "white", ImageFont.load_default(84))
    draw.rounded_rectangle((92, 295, 332, 365), 35, fill=(255, 255, 255))
    draw.text((138, 310), "Have a look", (34, 44, 82), ImageFont.load_default(32))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def keep(picture: bytes, path: Path) -> None:
    """Store a picture of a page with no more colours than a palette holds."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    few = _with_more_colour(image).quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=1)
    few.crop((0, 0, *image.size)).save(path, optimize=True)
    size = path.stat().st_size
    assert size <= LARGEST, f"{path.name} has {size} bytes."


def _with_more_colour(image: Image.Image) -> Image.Image:
    """The picture over lines of what is bright in it: a small green dot has to stay green."""
    every = image.getcolors(image.width * image.height) or []
    bright = [colour for _, colour in every if max(colour) - min(colour) > BRIGHT] * EMPHASIS
    lines = len(bright) // image.width
    taller = Image.new("RGB", (image.width, image.height + lines))
    taller.paste(image)
    below = Image.new("RGB", (image.width, lines))
    below.putdata(bright[: image.width * lines])
    taller.paste(below, (0, image.height))
    return taller


def _sky(draw: ImageDraw.ImageDraw) -> None:
    width, height = SIZE
    above, below = SKY
    for y in range(height):
        part = y / height
        colour = tuple(round(a + (b - a) * part) for a, b in zip(above, below, strict=True))
        draw.line((0, y, width, y), fill=colour)


def _hill(height: int, swing: int) -> list[tuple[float, float]]:
    """The outline of a row of hills, each as far from the middle as it swings."""
    width, bottom = SIZE
    parts = [0, 0.7, 1, 0.55, 0.1, -0.4, 0.2, 0.8, 0.35]
    step = width / (len(parts) - 1)
    return [
        (0, bottom),
        *((n * step, height - swing * p) for n, p in enumerate(parts)),
        (width, bottom),
    ]
