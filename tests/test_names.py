"""What people may be called."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projchat import i18n, names

# -- Usernames


def test_it_works() -> None:
    assert names.check("Alice") == "alice"


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        (" Bob ", "bob"),
        ("ИВАН", "иван"),
        ("ａｌｉｃｅ", "alice"),
        ("Straße", "strasse"),
        ("anna.k-2_x", "anna.k-2_x"),
        ("田中さん", "田中さん"),
        ("नमस्ते", "नमस्ते"),
        ("ab", "ab"),
        ("a" * 32, "a" * 32),
        ("и\u0306ван", "йван"),
    ],
)
def test_it_accepts(typed: str, canonical: str) -> None:
    assert names.check(typed) == canonical


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "username_length"),
        ("a", "username_length"),
        ("a" * 33, "username_length"),
        ("a b", "username_characters"),
        ("anna@k", "username_characters"),
        ("anna!", "username_characters"),
        ("anna\0", "username_characters"),
        ("anna\ud800", "username_characters"),
        ("an\u200bna", "username_characters"),
        ("an\u202ena", "username_characters"),
        ("an\u3164na", "username_characters"),
        ("anna🙂", "username_characters"),
        ("x\u0335\u0336y", "username_characters"),
        (".anna", "username_start"),
        ("-anna", "username_start"),
        ("_anna", "username_start"),
        ("anna.", "username_end"),
        ("anna-", "username_end"),
        ("аlice", "username_mixed"),
        ("αnna", "username_mixed"),
    ],
)
def test_it_rejects(typed: str, code: str) -> None:
    with pytest.raises(ValueError, match=f"^{code}$"):
        names.check(typed)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("alice", "Alice"),
        ("alice", "аlice"),
        ("alice", "a1ice"),
        ("alice", "a|ice"),
        ("bob", "b0b"),
        ("mary", "rnary"),
        ("coco", "сосо"),
        ("alice", "ａｌｉｃｅ"),
        ("paypal", "раураl"),
    ],
)
def test_look_alikes_share_a_skeleton(name: str, other: str) -> None:
    assert names.skeleton(name) == names.skeleton(other)


@pytest.mark.parametrize(
    ("name", "other"), [("alice", "alina"), ("anna", "anna2"), ("иван", "ivan"), ("u1", "u2")]
)
def test_names_that_differ_do_not(name: str, other: str) -> None:
    assert names.skeleton(name) != names.skeleton(other)


@given(st.text(max_size=40))
def test_doing_it_twice_changes_nothing_more(name: str) -> None:
    assert names.normalize(names.normalize(name)) == names.normalize(name)
    assert names.skeleton(names.skeleton(name)) == names.skeleton(name)


@given(st.text(max_size=40))
def test_case_does_not_tell_people_apart(name: str) -> None:
    assert names.skeleton(names.normalize(name)) == names.skeleton(name)


@given(st.text(st.characters(categories=["L", "Nd", "Mn", "Mc"]), min_size=2, max_size=32))
def test_a_skeleton_fits_its_column(name: str) -> None:
    assert len(names.skeleton(name[:32])) <= 256


# -- Display names


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Anna Karenina ", "Anna Karenina"),
        ("Анна 🙂", "Анна 🙂"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("❤️\u200d🔥", "❤️\u200d🔥"),
        ("O'Brien-Łukasz", "O'Brien-Łukasz"),
        ("x" * 64, "x" * 64),
        ("Анна \u00a0\u3000 Петрова", "Анна Петрова"),
        ("Jose\u0301", "José"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("क्\u200dष", "क्\u200dष"),
        ("ทั้งนี้ น้ำผึ้ง", "ทั้งนี้ น้ำผึ้ง"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("x" + "\u0301" * 4, "x" + "\u0301" * 4),
    ],
)
def test_it_accepts_the_display_name(typed: str, shown: str) -> None:
    assert names.check_display_name(typed) == shown


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "name_length"),
        (" \t ", "name_length"),
        ("x" * 65, "name_length"),
        ("a\0b", "name_characters"),
        ("a\nb", "name_characters"),
        ("a\x85b", "name_characters"),
        ("a\u2028b", "name_characters"),
        ("a\ud800", "name_characters"),
        ("a\u202eb", "name_characters"),
        ("a\u2066b", "name_characters"),
        ("a\u200bb", "name_characters"),
        ("a\u200db", "name_characters"),
        ("a\ufeffb", "name_characters"),
        ("\u3164", "name_characters"),
        ("\u2800", "name_characters"),
        ("\u0301", "name_characters"),
        ("a\u2800b", "name_characters"),
        ("a\xadb", "name_characters"),
        ("a\ufe0fb", "name_characters"),
        ("❤\ufe0f\ufe0f", "name_characters"),
        ("👩\u200d", "name_characters"),
        ("\u200d👩", "name_characters"),
        ("a\u200cb", "name_characters"),
        ("علی\u200c", "name_characters"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0078\U000e007f", "name_characters"),
        ("a\U000e0041b", "name_characters"),
        ("a" + "\u0301" * 6, "name_marks"),
        ("क्" + "\u200d\u094d" * 4 + "\u200dष", "name_marks"),
        ("\ufb2c" * 30, "name_length"),
    ],
)
def test_it_rejects_the_display_name(typed: str, code: str) -> None:
    with pytest.raises(ValueError, match=f"^{code}$"):
        names.check_display_name(typed)


@given(st.text(max_size=64))
def test_what_it_accepts_it_accepts_again(name: str) -> None:
    try:
        shown = names.check_display_name(name)
    except ValueError:
        return
    assert names.check_display_name(shown) == shown


@given(st.text(max_size=200))
def test_nothing_unseen_is_left_of_a_stripped_text(text: str) -> None:
    stripped = names.strip_unseen(text)
    assert names.strip_unseen(stripped) == stripped
    if stripped.strip():
        assert not names.UNSEEN.search(stripped.translate(dict.fromkeys(map(ord, JOINERS))))


JOINERS = "\u200c\u200d\ufe0e\ufe0f"


# -- Whom a display name is taken for


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Anna", "anna"),
        ("Anna", "Аnna"),
        ("Anna", "ΑΝΝΑ"),
        ("Anna K", "anna.k"),
        ("Anna", "ᴀɴɴᴀ"),
        ("Anna", "An\u200bna"),
        ("Виктор", "Bиктop"),
        ("Mila", "rnila"),
        ("Ivan", "lvan"),
        ("علی\u200cرضا", "علیرضا"),
    ],
)
def test_looks_alike(name: str, other: str) -> None:
    assert names.looks(name) & names.looks(other)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Anna", "Anna K"),
        ("Anna", "Anna 🙂"),
        ("José", "Jose"),
        ("Иван", "Ivan"),
        ("🙂", "🙃"),
        ("...", "🙂"),
    ],
)
def test_looks_different(name: str, other: str) -> None:
    assert not names.looks(name) & names.looks(other)


@pytest.mark.parametrize("word", names.ROLE_WORDS)
def test_finds_a_role_in_any_case_and_between_other_words(word: str) -> None:
    for form in (word, word.upper(), word.capitalize(), f"The {word}!", " ".join(word)):
        assert names.says_role(form)
    assert not names.says_role(f"x{word}")
    assert not names.says_role(f"{word}x")


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_roles_are_those_of_the_interface(locale: str) -> None:
    translations = i18n._translations(locale, i18n.SERVER)
    browser = i18n._translations(locale, i18n.BROWSER)
    for role in ("owner", "administrator", "member"):
        assert names.says_role(translations.ugettext(role))
    for role in ("owner", "admin"):
        assert names.says_role(browser.ugettext(role))


@given(st.text(max_size=200))
def test_any_text_has_a_look(name: str) -> None:
    assert names.looks(name)
    assert names.would_be_refused(name) in (True, False)
    assert names.says_role(name) in (True, False)


@pytest.mark.parametrize("unit", ["\u0301", "\ufdfa", "a\u0301\u0323", "o ", "🇴", "|"])
def test_a_long_name_takes_no_time(unit: str) -> None:
    name = unit * 100_000
    began = time.perf_counter()
    names.looks(name)
    names.says_role(name)
    with pytest.raises(ValueError, match=r"^name_length$"):
        names.check_display_name(name)
    assert time.perf_counter() - began < 0.5
