"""Unicode normalisation in linear time.

Normalising sorts the combining marks that follow each other, and Python's own does it in quadratic
time: ten thousand marks in a row take seconds. Real text has a few in a row; the Stream-Safe Text
Format (UAX #15, section 13, https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format) allows
thirty, and breaks longer runs up by a character that shows nothing.
"""

import re
import unicodedata
from typing import Literal

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

MAX_NON_STARTERS = 30
COMBINING_GRAPHEME_JOINER = "\u034f"


def normalize(form: Form, text: str) -> str:
    """Normalise a text of any length and content in linear time."""
    return unicodedata.normalize(form, stream_safe(text))


def stream_safe(text: str) -> str:
    """Break up runs of more than thirty combining marks; other texts stay as they are."""
    return text if text.isascii() else _LONG_RUN.sub(_broken_up, text)


def _broken_up(run: re.Match[str]) -> str:
    pieces, count = [], 0
    for char in run[0]:
        size = _non_starters(char)
        if count + size > MAX_NON_STARTERS:
            pieces.append(COMBINING_GRAPHEME_JOINER)
            count = 0
        pieces.append(char)
        count = count + size if size else 0
    return "".join(pieces)


def _non_starters(char: str) -> int:
    """Count the combining marks that a character decomposes into; 0 for what is none itself."""
    parts = unicodedata.normalize("NFKD", char)
    return len(parts) if unicodedata.combining(parts[0]) else 0


# These are starters by themselves, and yet decompose into combining marks alone.
_DECOMPOSE_INTO_MARKS = "\u0f73\u0f75\u0f81\uff9e\uff9f"
_BASIC_MARKS = "".join(filter(unicodedata.combining, map(chr, range(0x10000))))
# The search is quick for the characters of the first plane only. So the next one, where a few
# marks are, is taken as a whole, and `_broken_up` looks closer.
_MAYBE_MARK = f"[{_BASIC_MARKS}{_DECOMPOSE_INTO_MARKS}\U00010000-\U0001ffff]"
# A mark has up to two parts, so no shorter run is too long. The first mark stands apart, since
# a pattern that begins with a single character is quicker, too.
_LONG_RUN = re.compile(f"{_MAYBE_MARK}{_MAYBE_MARK}{{{MAX_NON_STARTERS // 2},}}")
