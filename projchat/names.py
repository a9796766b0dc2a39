"""What people may be called.

A username is kept in its canonical form, and its skeleton (Unicode Technical Standard 39) tells
whether it looks like another one. A display name is free, as long as it can be seen for what it is.
"""

import re
import unicodedata
from functools import cache

from confusable_homoglyphs.categories import alias as script_of
from confusable_homoglyphs.confusables import confusables_data

USERNAME_LENGTHS = range(2, 33)
DISPLAY_NAME_LENGTHS = range(1, 65)

# -- Usernames


def check(username: str) -> str:
    """Return the canonical form of a new username, or raise ValueError with a code."""
    name = normalize(username)
    if len(username) > USERNAME_LENGTHS[-1] or len(name) not in USERNAME_LENGTHS:
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
    """Return the one form of a username that all its spellings share."""
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
    return unicodedata.normalize("NFD", normalize(look))


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


# -- Display names


def check_display_name(name: str) -> str:
    """Return the name without white space around it, or raise ValueError with a code."""
    name = name.strip()
    if len(name) not in DISPLAY_NAME_LENGTHS:
        raise ValueError("name_length")
    if UNSEEN.search(name) or not any(map(_is_seen, name)):
        raise ValueError("name_characters")
    return name


# Controls, line and paragraph ends, surrogates, soft hyphen, fillers, zero width and direction.
# The joiner is one sign with the emoji that it joins, and unseen anywhere else.
UNSEEN = re.compile(
    r"""
    [\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c
     \u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb
     \U000e0000-\U000e0fff]
    | (?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d
    """.replace("\n", "").replace(" ", "")
)


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CMZ" and character != "\u2800"
