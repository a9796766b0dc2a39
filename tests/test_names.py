"""What people may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projchat import names

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
    ],
)
def test_it_rejects_the_display_name(typed: str, code: str) -> None:
    with pytest.raises(ValueError, match=f"^{code}$"):
        names.check_display_name(typed)
