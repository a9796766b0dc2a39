"""What a search looks for, and what it finds: the same on every database.

Databases fold case, split words and rank in ways of their own, so here they do none of it. A
message becomes a set of *tokens* (every three letters in a row of its words, the beginnings of
the words, pairs of characters in scripts without spaces, its author, its month), each hashed to
a number; the database only says which messages hold all the tokens of a query. Those that do are
then tested exactly, by `Query.marks`.

The module is a leaf: text in, text and numbers out.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from html import unescape
from itertools import repeat
from zlib import crc32

from .normalization import normalize

LONGEST_QUERY = 500
MAX_TERMS = 12
MAX_GRAMS = 5
EXCERPT_LENGTH = 180
EXCERPT_LEAD = 50
OLDEST_YEAR = 2015
GRAM = 3

# -- Words made comparable


class _Folds(dict[int, str]):
    """What each character is compared as, found out once."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


def _fold_character(char: str) -> str:
    """Case, width and ligatures go; so do accents on Latin letters, and the dots of ё."""
    if _is_silent(char):
        return ""
    parts = unicodedata.normalize("NFKD", char)
    if parts[:1].isascii():
        parts = "".join(part for part in parts if not unicodedata.combining(part))
    else:
        parts = unicodedata.normalize("NFKC", char)
    return parts.casefold().replace("ё", "е")


def _is_silent(char: str) -> bool:
    """Soft hyphens, joiners, variants of emoji, and accents that stand alone."""
    return unicodedata.category(char) == "Cf" or char in _SILENT


_SILENT = {chr(code) for code in (*range(0x300, 0x370), *range(0xFE00, 0xFE10))}
_folds = _Folds()


def fold(text: str) -> str:
    """Return the text as it is compared."""
    return fold_normalized(normalize("NFC", text))


def fold_normalized(text: str) -> str:
    """Fold a text that is in NFC, as `plain` gives it."""
    if text.isascii():
        return text.lower()
    return _COMPLEX.sub(_folded, text).casefold().replace("ё", "е")


def _folded(match: re.Match[str]) -> str:
    return _folds[ord(match[0])]


def _is_simple(char: str) -> bool:
    """Whether a character is compared as its lower case, as most letters are."""
    return _folds[ord(char)] == char.casefold().replace("ё", "е")


# One by one costs ten times as much as all at once, so what people write most is known to be
# simple: the alphabets are looked through here, the large scripts behind them have no case.
_ALPHABETS_END = 0x1100
_COMPLEX = re.compile(
    "[^{}\u2013\u2014\u2018-\u201e\u3001\u3002\u3041-\u3094\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3]".format(re.escape("".join(filter(_is_simple, map(chr, range(_ALPHABETS_END))))))
)


# Scripts that put no spaces between words, and pictures: there a part is a pair of characters.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fff\u3005-\u3007"
    "\u3031-\u3035\u3040-\u30ff\u3100-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\u2190-\u2bff\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
LETTER = rf"[^\W_{UNSPACED}]"
RUN = re.compile(rf"(?P<pairs>[{UNSPACED}]+)|{LETTER}+")


def plain(html: str) -> str:
    """The words of a message as it is shown; where a link leads follows its text."""
    text = LINK.sub(_with_target, html)
    text = unescape(TAG.sub("", BREAK.sub("\n", text)))
    return normalize("NFC", text).strip()


def links(html: str) -> list[tuple[str, str]]:
    """The addresses that a message links to and the words that lead there, each address once."""
    found: dict[str, str] = {}
    for link in LINK.finditer(html):
        found.setdefault(unescape(link["href"]), unescape(TAG.sub("", link["text"])))
    return list(found.items())


TAG = re.compile(r"<[^>]*>")
BREAK = re.compile(r"<br>\n?|</(?:p|li|tr|pre|blockquote|table)>\n?|</t[dh]>", re.IGNORECASE)
LINK = re.compile(r'<a href="(?P<href>[^"/#][^"]*)"[^>]*>(?P<text>.*?)</a>', re.DOTALL)


def _with_target(link: re.Match[str]) -> str:
    shown = link["href"].removeprefix("mailto:")
    return link["text"] if link["text"] in link["href"] else f"{link['text']} ({shown})"


# -- Tokens


def grams(folded: str) -> set[str]:
    """Everything that a search may ask of a text."""
    found: set[str] = set()
    for run in RUN.finditer(folded):
        word = run[0]
        if run["pairs"]:
            found.update(word)
            found.update(_parts(word, 2))
        elif len(word) <= LONGEST_KEPT:
            found |= _kept_grams_of(word)
        else:
            found |= _grams_of(word)
    return found


def _grams_of(word: str) -> frozenset[str]:
    return frozenset(("^" + word[:1], "^" + word[:2], *_parts(word, GRAM)))


# People use the same words again and again.
LONGEST_KEPT = 24
_kept_grams_of = lru_cache(4096)(_grams_of)


def _parts(word: str, length: int) -> list[str]:
    return [word[place : place + length] for place in range(len(word) - length + 1)]


def keys(shelf: str, tokens: Iterable[str]) -> list[int]:
    """Tokens as numbers of 32 bits, different for each shelf: a project, or a part of one.

    Two that fall together cost an exact test in vain, and nothing else.
    """
    return sorted(set(map(crc32, map(str.encode, tokens), repeat(crc32(shelf.encode())))))


# Every message has this one, those on `ABOUT` say who wrote it and when.
ANY = "*"
ABOUT = ("@", "~")


def tokens(html: str, has: Iterable[str] = ()) -> set[str]:
    """The tokens of what a message says; `has` names what else it holds, like "file"."""
    found = grams(fold(plain(html)))
    found.add(ANY)
    found.update("#" + thing for thing in has)
    if LINK.search(html):
        found.add("#link")
    return found


def about(author_id: int, moment: datetime) -> set[str]:
    """The tokens of who wrote it and when."""
    return {_author(author_id), *_dates(moment)}


def _author(user_id: int) -> str:
    return f"@{user_id}"


def _dates(moment: datetime) -> Iterator[str]:
    day = moment.date().isoformat()
    yield f"~{max(moment.year, OLDEST_YEAR)}"
    if moment.year > OLDEST_YEAR:
        yield f"~{day[:7]}"
        yield f"~{day}"


# -- Queries


@dataclass(frozen=True)
class Query:
    """What somebody typed, taken apart. Whatever is no operator is plain text."""

    terms: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    has: frozenset[str] = frozenset()
    after: datetime | None = None
    before: datetime | None = None
    patterns: tuple[re.Pattern[str], ...] = field(default=(), compare=False)

    @classmethod
    def parse(cls, text: str, zone: int = 0) -> "Query":
        """Take a query apart; `zone` is the reader's distance from UTC, in minutes."""
        terms: list[str] = []
        names: list[str] = []
        has: set[str] = set()
        days: dict[str, datetime] = {}
        for word in text.split():
            operator, _, value = word.partition(":")
            operator = operator.lower()
            day = _day(value, zone) if operator in ("before", "after") else None
            if operator == "from" and value.strip("@"):
                names.append(fold(value.lstrip("@")))
            elif operator == "has" and value.lower() in ("file", "link"):
                has.add(value.lower())
            elif day:
                days[operator] = day
            else:
                terms.append(_term(word))
        known = tuple(dict.fromkeys(filter(None, terms)))[:MAX_TERMS]
        return cls(
            terms=known,
            names=tuple(dict.fromkeys(names))[:MAX_TERMS],
            has=frozenset(has),
            patterns=tuple(map(_pattern, known)),
            **days,
        )

    @property
    def is_empty(self) -> bool:
        """True if nothing is asked for."""
        return self == Query()

    def clauses(self, authors: Iterable[int], today: datetime) -> list[list[str]]:
        """What a message's tokens must hold: of each list at least one."""
        needed = [[gram] for term in self.terms for gram in _grams_of_term(term)]
        needed += [["#" + thing] for thing in sorted(self.has)]
        if not needed and not self.is_empty:
            needed = [[ANY]]
        if self.names:
            needed.append([_author(user_id) for user_id in authors])
        if self.before or self.after:
            needed.append(_days(self.after, self.before, today))
        unique = {tuple(clause): clause for clause in needed}
        return list(unique.values())

    def marks(self, text: str) -> list[tuple[int, int]] | None:
        """Return where the terms stand in a text of `plain`; None unless all of them do."""
        folded = fold_normalized(text)
        if not all(pattern.search(folded) for pattern in self.patterns):
            return None
        spans = sorted(
            each.span() for pattern in self.patterns for each in pattern.finditer(folded)
        )
        return _merged(spans if len(folded) == len(text) else _unfolded(text, spans))


def _day(value: str, zone: int) -> datetime | None:
    """The moment at which a day begins for the reader."""
    if not DAY.fullmatch(value):
        return None
    here = timezone(timedelta(minutes=zone))
    try:
        return datetime.fromisoformat(value).replace(tzinfo=here).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _term(word: str) -> str:
    """The word as it is compared, without the marks around it; nothing if it is but marks."""
    folded = fold(word)
    runs = list(RUN.finditer(folded))
    return folded[runs[0].start() : runs[-1].end()] if runs else ""


def _is_short(term: str) -> bool:
    """Whether the term is too short to be looked for inside of words."""
    run = RUN.match(term)
    return run is not None and not run["pairs"] and run.end() == len(term) and len(term) < GRAM


def _pattern(term: str) -> re.Pattern[str]:
    start = f"(?<!{LETTER})" if _is_short(term) else ""
    return re.compile(start + re.escape(term))


def begins_a_word(beginning: str, folded: str) -> bool:
    """Whether a word of the text begins like this."""
    return re.search(f"(?<!{LETTER}){re.escape(beginning)}", folded) is not None


def _grams_of_term(term: str) -> list[str]:
    """The tokens that a text with this term cannot lack; a few of them say enough."""
    if _is_short(term):
        return ["^" + term]
    found: list[str] = []
    for run in RUN.finditer(term):
        word = run[0]
        if run["pairs"]:
            found += _parts(word, 2) or [word]
        elif len(word) >= GRAM:
            found += _parts(word, GRAM)
        elif run.start() > 0:
            found.append("^" + word)
    return _spread(list(dict.fromkeys(found)))


def _spread(items: list[str]) -> list[str]:
    """At most `MAX_GRAMS` of them, from everywhere."""
    if len(items) <= MAX_GRAMS:
        return items
    last = len(items) - 1
    return [items[place * last // (MAX_GRAMS - 1)] for place in range(MAX_GRAMS)]


def _days(after: datetime | None, before: datetime | None, today: datetime) -> list[str]:
    """The years, months and days that cover a time, as few of them as do.

    The days are those of UTC, so the first and the last may begin elsewhere for the reader.
    """
    oldest = date(OLDEST_YEAR, 1, 1)
    latest = date(today.year + 1, 12, 31)
    first = max(after.date(), oldest) if after else oldest
    last = (max(before, LEAST) - INSTANT).date() if before else latest
    last = min(max(last, oldest), latest)
    found = []
    while first <= last:
        end, name = next(_spans(first, last))
        found.append(name)
        first = end + timedelta(days=1)
    return found


INSTANT = timedelta(microseconds=1)
LEAST = datetime(OLDEST_YEAR, 1, 1, tzinfo=UTC)


def _spans(first: date, last: date) -> Iterator[tuple[date, str]]:
    """The longest time that begins with `first`, unless it ends after `last`; a day always does."""
    year_end = date(first.year, 12, 31)
    month_end = date(first.year, first.month, monthrange(first.year, first.month)[1])
    if first.year == OLDEST_YEAR or (first.day == first.month == 1 and year_end <= last):
        yield year_end, f"~{first.year}"
    if first.day == 1 and month_end <= last:
        yield month_end, f"~{first:%Y-%m}"
    yield first, f"~{first:%Y-%m-%d}"


def _unfolded(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Places in the folded text as places in the text itself."""
    places = [place for place, char in enumerate(text) for _ in _folds[ord(char)]]
    return [(places[start], places[end - 1] + 1) for start, end in spans]


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


# -- Excerpts


def excerpt(text: str, marks: Sequence[tuple[int, int]]) -> tuple[str, list[list[int]]]:
    """A piece of the text around its first mark, and the marks in it; all of it on one line."""
    first = marks[0][0] if marks else 0
    start = 0 if len(text) <= EXCERPT_LENGTH or first <= EXCERPT_LEAD else first - EXCERPT_LEAD
    if start:
        start = _word_start(text, start, first)
    end = start + EXCERPT_LENGTH
    before, after = "…" if start else "", "…" if len(text) > end else ""
    shift = len(before) - start
    inside = [
        [max(left, start) + shift, min(right, end) + shift]
        for left, right in marks
        if left < end and right > start
    ]
    return before + BLANK.sub(" ", text[start:end]) + after, inside


BLANK = re.compile(r"\s")


def _word_start(text: str, start: int, limit: int) -> int:
    space = BLANK.search(text, start, limit)
    return space.end() if space else start
