"""Normalising in linear time: long runs of combining marks are broken up first."""

import sys
import unicodedata

import pytest

from projchat.normalization import COMBINING_GRAPHEME_JOINER, normalize, stream_safe

FORMS = ("NFC", "NFD", "NFKC", "NFKD")


@pytest.mark.parametrize("text", ["", "plain", "Ёлка é ﬁ 東京 👍🏽", "a" + "\u0301\u0323" * 15])
def test_it_leaves_what_people_write(text):
    assert stream_safe(text) == text
    for form in FORMS:
        assert normalize(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("mark", ["\u0315", "\u0344", "\u0f73", "\uff9e", "\U0001d165"])
def test_no_run_is_longer_than_thirty(mark):
    text = stream_safe("a" + mark * 500 + "b")
    assert text.replace(COMBINING_GRAPHEME_JOINER, "") == "a" + mark * 500 + "b"
    assert longest_run(unicodedata.normalize("NFKD", text)) == 30


def test_marks_among_pictures_are_counted_apart():
    text = "👍\u0301" * 40
    assert stream_safe(text) == text


def test_every_mark_of_unicode_is_known():
    """A newer Python may bring marks, or starters that decompose into some."""
    unknown = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.combining(unicodedata.normalize("NFKD", chr(code))[0])
        and COMBINING_GRAPHEME_JOINER not in stream_safe(chr(code) * 64)
    ]
    assert not unknown


def longest_run(text):
    longest = run = 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        longest = max(longest, run)
    return longest
