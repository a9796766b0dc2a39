"""Which passwords may be chosen."""

import pytest

from projchat.passwords import check


@pytest.mark.parametrize(
    "password",
    [
        "correct horse",
        "пароль у лошади",
        "anna likes boris",
        "🐴🔋📎✅" * 2,
        "x" + "yzab" * 49,
    ],
)
def test_it_takes_any_characters_and_asks_for_no_kinds(password):
    check(password, "anna", "Anna Ivanova")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("1234567", "password_length"),
        ("x" * 201, "password_length"),
        ("a" + "\u0315\u0300" * 64000, "password_length"),
        ("        ", "password_blank"),
        ("\u2003" * 9, "password_blank"),
        ("password", "password_common"),
        ("PassWord", "password_common"),
        ("ｐａｓｓｗｏｒｄ", "password_common"),
        ("12345678", "password_common"),
        ("йцукенгш", "password_common"),
        ("zzzzzzzz", "password_common"),
        ("abababab", "password_common"),
        ("projchat", "password_name"),
        ("Projchat2026", "password_name"),
        ("ivanova1", "password_name"),
        ("avonavi!", "password_name"),
        ("annaivanova", "password_name"),
    ],
)
def test_it_refuses_what_is_tried_first(password, code):
    with pytest.raises(ValueError, match=f"^{code}$"):
        check(password, "annaivanova", "Anna Ivanova")
