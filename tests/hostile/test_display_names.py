"""Names that pretend: to be a role, to be somebody else, or to be nothing at all."""

import itertools

import pytest

from support.answers import refused
from support.files import begin
from support.person import Person
from support.surgery import execute

ACCENT, NO_BLANK = "\u0301", "\u200b"
ROLES = [
    "owner",
    "Owner",
    "System",
    "admin",
    "Administrator",
    "MODERATOR",
    "member",
    "Support",
    "projchat",
    "владелец",
    "Администратор",
    "участник",
    "Поддержка",
]
LOOK_LIKE_ROLES = [
    "оwner",
    "𝐨𝐰𝐧𝐞𝐫",
    "Ｏｗｎｅｒ",
    "0wner",
    "OWΝER",
    "SYSТEM",
    "ADMlN",
    "ᴏᴡɴᴇʀ",
    "🅾🆆🅽🅴🆁",
    "Bладелец",
    "öwner",
    "o\u0336w\u0336n\u0336e\u0336r",
    "o w n e r",
    "★ owner ★",
    "owner pinned a message",
    "Anna (admin)",
]
UNSEEN = [
    "\u200b",
    "\u2800",
    "\ufeff",
    "\u3164",
    "\U000e0041",
    "\xad",
    "\u2060",
    "\ufe0f",
    "\u200d",
]
ORDINARY = [
    "Анна Петрова-Водкина",
    "Ёжик",
    "محمد علي",
    "علی\u200cرضا",
    "नमस्ते कुमार",
    "क्\u200dष",
    "สมชาย ใจดี",
    "น้ำผึ้ง",
    "Nguyễn Thị Mỹ Hạnh",
    "မျှော်လင့်",
    "שָׁלוֹם",
    "田中さん",
    "김철수",
    "José Łukasz",
    "Jean-Luc O'Neil",
    "Anna 🙂",
    "👩\u200d💻",
    "❤\ufe0f\u200d🔥",
    "1\ufe0f\u20e3",
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "Admiral Systemov",
]
numbers = itertools.count(1)


def word() -> str:
    """A word of letters that has not been used yet."""
    return "".join("klpqrstvwx"[int(digit)] for digit in f"{next(numbers):04}")


@pytest.fixture
def mallory(target, arena):
    person = target.newcomer()
    arena.admit(person)
    return person


def call_oneself(person, name):
    return person.patch("/api/account", {"name": name})


def name_of(person):
    return person.get("/api/session").json()["user"]["name"]


@pytest.mark.parametrize("name", ROLES + LOOK_LIKE_ROLES)
def test_rejects_a_name_that_looks_like_a_role(mallory, name):
    before = name_of(mallory)
    error = refused(call_oneself(mallory, name), 422, "invalid", "name")
    assert error["fields"]["name"] == "The name looks like a role. Take another."
    assert name_of(mallory) == before


def test_says_why_in_russian(mallory):
    assert mallory.patch("/api/account", {"locale": "ru"}).ok
    error = refused(call_oneself(mallory, "владелец"), 422, "invalid", "name")
    assert error["fields"]["name"] == "Имя похоже на роль. Возьмите другое."


@pytest.mark.parametrize(
    "fold",
    [
        str,
        str.upper,
        lambda name: name.replace("o", "о"),
        lambda name: name.replace("n", "ɴ"),
        lambda name: f"  {name} .",
        lambda name: name.replace(" ", ""),
        lambda name: "".join(chr(ord(each) + 0xFEE0) if each != " " else each for each in name),
    ],
)
def test_rejects_the_name_of_somebody_in_a_shared_project(target, arena, mallory, fold):
    name = f"Monona {word()}"
    other = target.newcomer(name=name)
    arena.admit(other)
    error = refused(call_oneself(mallory, fold(name)), 422, "invalid", "name")
    assert error["fields"]["name"].startswith("The name looks like that of somebody")


def test_rejects_the_username_of_somebody_in_a_shared_project(target, arena, mallory):
    other = target.newcomer(f"nono-{word()}", name=f"Zoe {word()}")
    arena.admit(other)
    refused(call_oneself(mallory, other.username.replace("o", "о")), 422, "invalid", "name")


def test_rejects_the_names_of_all_projects_one_is_in(target, arena, mallory):
    name = f"Monona {word()}"
    elsewhere = target.project(target.newcomer(name=name))
    assert call_oneself(mallory, name).ok
    assert call_oneself(mallory, word()).ok
    elsewhere.admit(mallory)
    refused(call_oneself(mallory, name), 422, "invalid", "name")


def test_accepts_the_name_of_a_stranger_and_ones_own_username(target, mallory):
    stranger = target.newcomer(name=f"Monona {word()}")
    assert call_oneself(mallory, stranger.name).ok
    assert call_oneself(mallory, mallory.username).ok
    assert call_oneself(mallory, mallory.username.upper()).ok


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("shape", ["{}", "An{}na", "Anna{}", "{}Anna"])
def test_rejects_a_name_with_what_does_not_show(mallory, unseen, shape):
    error = refused(call_oneself(mallory, shape.format(unseen)), 422, "invalid", "name")
    assert error["fields"]["name"] == "The name has a character that cannot be shown."


def test_rejects_marks_that_pile_up(mallory):
    assert call_oneself(mallory, f"{word()} x{4 * ACCENT}").ok
    for count in (5, 60):
        error = refused(call_oneself(mallory, "x" + count * ACCENT), 422, "invalid", "name")
        assert error["fields"]["name"] == "The name has a letter with more than four marks."


@pytest.mark.parametrize("length", [65, 1000])
def test_rejects_a_long_name_by_its_length(mallory, length):
    error = refused(call_oneself(mallory, "x" + (length - 1) * ACCENT), 422, "invalid", "name")
    assert error["fields"]["name"] == "A name has 1 to 64 characters."


@pytest.mark.parametrize("name", ORDINARY)
def test_accepts_ordinary_names_of_people_and_projects(target, arena, mallory, name):
    answer = call_oneself(mallory, name)
    assert answer.ok, answer.text
    answer = arena.owner.patch(arena.api, {"name": name})
    assert answer.ok, answer.text
    assert answer.json()["name"] == name


@pytest.mark.parametrize("username", ["owner", "Admin", "sуstem", "сиcтема", "владелец", "0wner"])
def test_rejects_a_username_that_looks_like_a_role(arena, username):
    invite = arena.owner.post(f"{arena.api}/invites", {}).json()
    guest = Person(arena.owner.server, username)
    answer = guest.register(invite["token"])
    refused(answer, 422, "invalid", "username")


def test_refuses_a_role_for_the_first_account(make_server):
    olga = Person(make_server(), "olga")
    refused(olga.setup("System"), 422, "invalid", "name")
    assert olga.setup("Olga").ok


# -- Names from before


def test_an_older_name_keeps_working(target, arena, mallory):
    for name in ("owner", f"a{60 * ACCENT}", "An\u200bna", arena.owner.name):
        rename(target, mallory, name)
        again = mallory.again()
        assert name_of(again) == name
        assert again.patch("/api/account", {"name": name, "email": "m@example.com"}).ok
        assert arena.post(again, "Hello")["author"]["name"] == name
        assert again.get(arena.page).ok
        assert again.get("/account").ok


def test_an_older_name_of_a_project_keeps_working(target, arena):
    for name in ("\u200b", "\u3164", f"a{60 * ACCENT}"):
        execute(
            target.server,
            "UPDATE projects SET name = :name WHERE id = :id",
            name=name,
            id=arena.id,
        )
        answer = arena.owner.patch(arena.api, {"name": name, "description": word()})
        assert answer.ok, answer.text
        assert answer.json()["name"] == name
        assert arena.owner.get(arena.page).ok
        assert arena.owner.get("/projects").ok


def test_marks_a_member_who_is_taken_for_a_role_or_for_somebody_else(target, arena, mallory):
    twin, other = target.newcomer(name=f"Nora {word()}"), target.newcomer(name=f"Otto {word()}")
    arena.admit(twin, other)
    assert mistakable(arena) == set()
    rename(target, mallory, twin.name.replace("o", "о"))
    assert mistakable(arena) == {mallory.id, twin.id}
    rename(target, mallory, other.username)
    assert mistakable(arena) == {mallory.id}
    for name in ("оwner", "\u200b", f"a{60 * ACCENT}"):
        rename(target, mallory, name)
        assert mistakable(arena) == {mallory.id}


def rename(target, person, name):
    """Give a name past the rules, as it was given before there were any."""
    execute(target.server, "UPDATE users SET name = :name WHERE id = :id", name=name, id=person.id)


def mistakable(project):
    members = project.owner.get(project.api).json()["members"]
    return {member["id"] for member in members if member["mistakable"]}


# -- Projects and files


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("shape", ["{}", "Pro{}ject", "{} Project"])
def test_rejects_a_project_with_what_does_not_show(arena, unseen, shape):
    name = shape.format(unseen)
    for answer in (
        arena.owner.post("/api/projects", {"name": name}),
        arena.owner.patch(arena.api, {"name": name}),
    ):
        error = refused(answer, 422, "invalid", "name")
        assert error["fields"]["name"] == "The name has a character that cannot be shown."


def test_rejects_a_project_with_marks_that_pile_up(arena):
    refused(arena.owner.patch(arena.api, {"name": f"a{60 * ACCENT}"}), 422, "invalid", "name")
    refused(arena.owner.patch(arena.api, {"name": f"a{999 * ACCENT}"}), 422, "invalid", "name")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"in{NO_BLANK}voice.pdf", "invoice.pdf"),
        ("a\u2800\u3164\U000e0041\xad.txt", "a.txt"),
        (f"{NO_BLANK}\u2060", "file"),
        (f"x{60 * ACCENT}.txt", f"x{4 * ACCENT}.txt"),
        ("علی\u200cرضا.txt", "علی\u200cرضا.txt"),
        ("❤\ufe0f.png", "❤\ufe0f.png"),
    ],
)
def test_strips_from_the_name_of_a_file_what_does_not_show(arena, given, kept):
    assert begin(arena.owner, arena, given, 1)["name"] == kept
