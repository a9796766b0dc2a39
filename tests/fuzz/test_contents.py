"""Texts and files that members send: whatever is in them, everybody else is served meanwhile."""

import io
import random
from html.parser import HTMLParser

from PIL import Image

from support.files import post, upload

LONGEST = 9_000
LANGUAGES = [
    "c++",
    "c",
    "css",
    "diff",
    "go",
    "sql",
    "rb",
    "java",
    "python",
    "ini",
    "js",
    "html",
    "",
]
PIECES = [
    *"*_~`>#-+|[]()!<&\\:@.",
    "\n",
    "\n\n",
    "    ",
    "\t",
    "```",
    "~~~",
    "| a | b |\n| - | - |\n",
    "1. ",
    "- [ ] ",
    "> " * 30,
    "[" * 40,
    "![](",
    "](javascript:alert(1))",
    "https://example.org/",
    "www.example.org",
    "mailto:a@b.c",
    "<script>",
    "<img onerror=x>",
    "&#x0;",
    "\u0315\u0344" * 30,
    "\u202e",
    "\u200d",
    "👩‍👩‍👧‍👦",
    "я",
    "\0",
    "@anna ",
    "/function ",
    "a",
    " ",
]


TAGS = {"a", "blockquote", "br", "code", "del", "em", "hr", "input", "li", "ol", "p", "pre"}
TAGS |= {"s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"}
TAGS |= {f"h{level}" for level in range(1, 7)}
ATTRIBUTES = {"href", "target", "rel", "class", "start", "type", "data-user"}
SCHEMES = ("http://", "https://", "mailto:", "/", "#")
KINDS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "DDS", "EPS", "ICNS", "ICO", "JPEG2000")
KINDS += ("MPO", "PCX", "PPM", "QOI", "SGI", "TGA", "TIFF")


class Safety(HTMLParser):
    """Look at every element as a browser would."""

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            assert name != "href" or value.startswith(SCHEMES), value


def text(chance: random.Random) -> str:
    """A message: pieces of Markdown, one of them perhaps a thousand times."""
    parts: list[str] = []
    if chance.random() < 0.4:
        parts.append(f"```{chance.choice(LANGUAGES)}\n")
    for _ in range(chance.randrange(1, 40)):
        parts.append(chance.choice(PIECES) * chance.choice([1, 1, 1, 2, 5, 50, 1000, 4000]))
    return "".join(parts)[:LONGEST]


def test_texts(arena, fuzz):
    def act(chance):
        content = text(chance)
        answer = arena.owner.post(f"{arena.api}/messages", {"content": content})
        assert answer.status_code in (201, 422), answer.text
        if answer.status_code == 201:
            Safety().feed(answer.json()["html"])
        found = arena.owner.get(f"{arena.api}/search", params={"q": content[:200] or "a"})
        assert found.status_code in (200, 422), found.text

    fuzz(act)


def pictures() -> list[bytes]:
    """One of each kind that Pillow can write, looked into by the server or not."""
    made = []
    for kind in KINDS:
        for side in (1, 64):
            file = io.BytesIO()
            Image.effect_noise((side, side), 50).convert("RGB").save(file, kind)
            made.append(file.getvalue())
    progressive = io.BytesIO()
    Image.effect_noise((80, 80), 50).save(progressive, "JPEG", progressive=True)
    return [*made, progressive.getvalue()]


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Some bytes changed, cut out, doubled or put in."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        place = chance.randrange(len(changed) or 1)
        act = chance.randrange(5)
        if act == 0 and changed:
            changed[place % len(changed)] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
        elif act == 1:
            del changed[place : place + chance.choice([1, 4, 100])]
        elif act == 2:
            changed[place:place] = changed[place : place + chance.choice([4, 64, 1000])]
        elif act == 3:
            changed[place:place] = chance.randbytes(chance.choice([1, 4, 16]))
        else:
            changed[place : place + 4] = chance.choice(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff"]
            )
    return bytes(changed) or b"x"


def test_pictures(arena, fuzz):
    known = pictures()

    def act(chance):
        name = chance.choice(["a.png", "a.jpg", "a.gif", "a.webp", "a"])
        file = upload(arena.owner, arena, name, mutated(chance, chance.choice(known)))
        shown = arena.owner.get(file["url"])
        assert shown.status_code == 200
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        if chance.random() < 0.2:
            post(arena.owner, arena, file)
        else:
            assert arena.owner.delete(f"{arena.api}/uploads/{file['id']}").status_code == 204

    fuzz(act)
