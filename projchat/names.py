"""What people, projects and files may be called.

A username is kept in its canonical form, and its skeleton (Unicode Technical Standard 39) tells
whether it looks like another one. A display name is free, as long as it can be seen for what it is,
and looks neither like a role nor like somebody else.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from confusable_homoglyphs.categories import alias as script_of
from confusable_homoglyphs.confusables import confusables_data

USERNAME_LENGTHS = range(2, 33)
#: Unicode's normalization takes quadratic time for piled-up marks: longer texts are refused first.
LONGEST_TYPED = 64
DISPLAY_NAME_LENGTHS = range(1, 65)

# -- Usernames


def check(username: str) -> str:
    """Return the canonical form of a new username, or raise ValueError with a code."""
    if len(username) > USERNAME_LENGTHS[-1]:
        raise ValueError("username_length")
    name = normalize(username)
    if len(name) not in USERNAME_LENGTHS:
        raise ValueError("username_length")
    if not all(_is_name_character(character) for character in name):
        raise ValueError("username_characters")
    if not name[0].isalnum():
        raise ValueError("username_start")
    if name[-1] in ".-":
        # "Ask @anna." has to mean Anna.
        raise ValueError("username_end")
    if not _is_of_one_script(name):
        raise ValueError("username_mixed")
    return name


def normalize(username: str) -> str:
    """Return the one form of a username that all its spellings share.

    Raises ValueError with a code for what is too long to be one in any spelling.
    """
    if len(username) > LONGEST_TYPED:
        raise ValueError("username_length")
    return _normalize(username)


def _normalize(username: str) -> str:
    folded = unicodedata.normalize("NFKC", username).casefold().strip()
    # Folding may leave what is not composed, as in the Turkish capital İ.
    return unicodedata.normalize("NFKC", folded)


def skeleton(username: str) -> str:
    """Return what a username looks like: names with the same skeleton are taken for each other."""
    look = unicodedata.normalize("NFD", normalize(username))
    while (simpler := _fold_look(look)) != look:
        look = simpler
    return look


def _fold_look(text: str) -> str:
    prototypes = _prototypes()
    look = "".join(prototypes.get(character, character) for character in text)
    # A prototype may be a capital, as 0 looks like O, or another spelling of a plain letter.
    return unicodedata.normalize("NFD", _normalize(look))


@cache
def _prototypes() -> dict[str, str]:
    """Return the character or sequence that stands for each character's look.

    The package lists every pair in both directions. In the standard's table each character has
    one prototype, so where a character has one look-alike only, that is the prototype of the two.
    """
    pairs = {
        _bare(key): [_bare(other["c"]) for other in others]
        for key, others in confusables_data.items()
    }
    return {
        character: others[0]
        for character, others in pairs.items()
        if len(character) == 1 and len(others) == 1 and _stands_for(others[0], character, pairs)
    }


def _stands_for(candidate: str, character: str, pairs: dict[str, list[str]]) -> bool:
    if len(candidate) > 1 or len(pairs[candidate]) > 1:
        return True
    # A lone pair does not tell which of the two is the prototype; either serves.
    return candidate < character


def _bare(text: str) -> str:
    """Return the text without the marks that keep right-to-left characters in their column."""
    return text.strip("\u200e")


# Letters by their category, yet nothing is seen of them.
INVISIBLE_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0")
LETTERS_AND_DIGITS = {"Ll", "Lm", "Lo", "Lu", "Nd"}
MARKS = {"Mc", "Mn"}


def _is_name_character(character: str) -> bool:
    if character in "._-":
        return True
    category = unicodedata.category(character)
    if category in MARKS:
        # Vowel signs are part of their script; marks that go onto any letter only pile up.
        return script_of(character) != "INHERITED" and character not in INVISIBLE_LETTERS
    return category in LETTERS_AND_DIGITS and character not in INVISIBLE_LETTERS


ANY_SCRIPT = {"COMMON", "INHERITED"}
WRITTEN_TOGETHER = (
    {"HAN", "HIRAGANA", "KATAKANA"},
    {"HAN", "BOPOMOFO"},
    {"HAN", "HANGUL"},
)


def _is_of_one_script(name: str) -> bool:
    scripts = {script_of(character) for character in name} - ANY_SCRIPT
    return len(scripts) <= 1 or any(scripts <= together for together in WRITTEN_TOGETHER)


# -- Display names, and names of projects and files


def check_display_name(name: str) -> str:
    """Return a display name as it is shown, or raise ValueError with a code."""
    name = name.strip()
    if len(name) not in DISPLAY_NAME_LENGTHS:
        raise ValueError("name_length")
    name = check_shown(name)
    if len(name) not in DISPLAY_NAME_LENGTHS:
        raise ValueError("name_length")
    return name


def check_shown(name: str) -> str:
    """Return a name composed and with single blanks, or raise ValueError unless all of it shows.

    The caller has refused what is too long.
    """
    if any(True for _ in _unseen_in(name)) or not any(map(_is_seen, name)):
        raise ValueError("name_characters")
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if _bound_marks(name) != name:
        raise ValueError("name_marks")
    return name


def strip_unseen(text: str) -> str:
    """Return the text without what does not show, and without marks that pile up."""
    for place in reversed(list(_unseen_in(text))):
        text = text[:place] + text[place + 1 :]
    return _bound_marks(text)


# Controls, line and paragraph ends, surrogates, Unicode's Default_Ignorable_Code_Point
# (DerivedCoreProperties.txt), other format characters without a sign of their own, and blanks that
# are no white space.
UNSEEN = re.compile(
    r"""
    [\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f
     \u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb
     \U00013430-\U0001343f\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a
     \U000e0000-\U000e0fff]
    """.replace("\n", "").replace(" ", "")
)
ZERO_WIDTH_NON_JOINER, ZERO_WIDTH_JOINER = "\u200c", "\u200d"
VARIATION_SELECTORS = "\ufe0e\ufe0f"
# The flags of England, Scotland and Wales: the only ones that are spelled with tags.
TAGGED_FLAGS = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067"
    "|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
PICTOGRAPH = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff]")
# What is an emoji only with a selector: digits of key caps, and signs that texts use as well.
TAKES_SELECTOR = re.compile("[#*0-9\xa9\xae\u203c\u2049\u2122\u2139\u3030\u303d\u3297\u3299]")
CURSIVE = {"ARABIC", "SYRIAC", "MANDAIC", "MONGOLIAN", "NKO", "ADLAM", "HANIFI_ROHINGYA"}
VIRAMA = 9


def _unseen_in(text: str) -> Iterator[int]:
    """Yield the places of what is not seen, besides what its neighbours are drawn with."""
    flags = {place for flag in TAGGED_FLAGS.finditer(text) for place in range(*flag.span())}
    for found in UNSEEN.finditer(text):
        place = found.start()
        if place not in flags and not _is_drawn(text, place):
            yield place


def _is_drawn(text: str, place: int) -> bool:
    """Tell whether a joiner or a selector changes how its neighbours are drawn.

    Joiners in letters follow the rules of internationalized domain names (RFC 5892, appendices A.1
    and A.2, with the script in place of the joining type).
    """
    character, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if character in VARIATION_SELECTORS:
        return bool(PICTOGRAPH.match(before) or TAKES_SELECTOR.match(before))
    if not before or not after or character not in ZERO_WIDTH_NON_JOINER + ZERO_WIDTH_JOINER:
        return False
    if unicodedata.combining(before) == VIRAMA:
        return True
    if character == ZERO_WIDTH_NON_JOINER:
        return script_of(before) in CURSIVE and script_of(after) in CURSIVE
    is_emoji = PICTOGRAPH.match(before) or before in VARIATION_SELECTORS
    return bool(is_emoji and PICTOGRAPH.match(after))


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CMZ"


#: UTS 39, section 5.4, "Optional Detection": no more than four nonspacing marks in a row.
MOST_MARKS = 4


def _bound_marks(text: str) -> str:
    """Return the text without the marks that are too many in a row; joiners do not end a row."""
    kept, count = [], 0
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me"):
            count += 1
        elif character not in ZERO_WIDTH_NON_JOINER + ZERO_WIDTH_JOINER:
            count = 0
        if count <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


# -- Whom a display name is taken for

#: The words of the interface for roles and for the product itself, in its languages.
ROLE_WORDS = (
    *("owner", "admin", "administrator", "moderator", "member", "system", "support", "projchat"),
    *("владелец", "админ", "администратор", "модератор", "участник", "система", "поддержка"),
)
# The names and usernames of a large project; each takes some 600 bytes.
MOST_KEPT = 2**15


@lru_cache(MOST_KEPT)
def looks(name: str) -> frozenset[str]:
    """Return what a display name looks like: names that share a look are taken for each other.

    Blanks, punctuation and what is not seen make no difference. Capitals have look-alikes of their
    own (Greek Ν is like N, and its small ν like v), so there is a look for each order of folding
    case and folding look.
    """
    return frozenset(_without_blanks(look) or look for look in _folded_both_ways(name))


@lru_cache(MOST_KEPT)
def would_be_refused(name: str) -> bool:
    """Tell whether a name from before there were rules breaks them, whoever else is there."""
    try:
        check_display_name(name)
    except ValueError:
        return True
    return says_role(name)


def says_role(name: str) -> bool:
    """Tell whether a word of the name looks like a role, spaced or decorated or not."""
    return any(_role_pattern().search(look) for look in _folded_both_ways(name))


def _folded_both_ways(name: str) -> set[str]:
    # Names from before there was a bound may be longer.
    name = unicodedata.normalize("NFKC", name[:LONGEST_TYPED])
    lower = _normalize(name)
    folded = _fold_display(lower)
    return {folded} if name == lower else {folded, _fold_display(name)}


def _fold_display(text: str) -> str:
    look = unicodedata.normalize("NFD", text.translate(_drawn_letters()))
    while (simpler := _fold_drawn(look)) != look:
        look = simpler
    return look


def _fold_drawn(text: str) -> str:
    look = _normalize(text.translate(_display_prototypes()))
    return unicodedata.normalize("NFD", look).translate(_drawn_letters())


@cache
def _display_prototypes() -> dict[int, str]:
    return {ord(character): look for character, look in _prototypes().items()}


@cache
def _drawn_letters() -> dict[int, str]:
    """Return the letters a to z that small capitals and signs made of one letter stand for.

    Unicode neither decomposes them nor counts them among the confusables.
    """
    drawn = re.compile(
        "(?:LATIN LETTER SMALL CAPITAL|NEGATIVE (?:SQUARED|CIRCLED) LATIN CAPITAL LETTER"
        "|REGIONAL INDICATOR SYMBOL LETTER) ([A-Z])"
    )
    blocks = ((0x250, 0x2B0), (0x1D00, 0x1D80), (0xA720, 0xA800), (0x1F150, 0x1F200))
    signs = [sign for first, end in blocks for sign in range(first, end)]
    found = {sign: drawn.fullmatch(unicodedata.name(chr(sign), "")) for sign in signs}
    return {sign: match[1].lower() for sign, match in found.items() if match}


def _without_blanks(look: str) -> str:
    if look.isalnum():
        return look
    return "".join(each for each in UNSEEN.sub("", look) if not _is_blank(each))


def _is_blank(character: str) -> bool:
    return not character.isalnum() and unicodedata.category(character)[0] in "PZ"


@cache
def _role_pattern() -> re.Pattern[str]:
    spelled = {
        look
        for word in ROLE_WORDS
        for form in (word, word.upper(), word.capitalize())
        for look in _folded_both_ways(form)
    }
    # Whatever is neither letter nor digit may stand between the letters: blanks, dots, marks.
    words = "|".join(r"[\W_]*".join(map(re.escape, look)) for look in sorted(spelled))
    return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])")
