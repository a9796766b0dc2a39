"""Who may do what: every address and every event for everybody, from the application's own list.

A new address or event fails here until it has its row.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import socketio

from support.answers import MISSING_PROJECT
from support.cast import Cast, Project, done
from support.contract import Rule, events, rules
from support.files import begin, picture, post, upload
from support.person import PASSWORD, Person

ROLES = ("anonymous", "outsider", "former member", "member", "admin", "owner")
NOBODY = 999_999_999


@dataclass
class Scene:
    """A project with one person in every role, and things to do something to."""

    cast: Cast
    project: Project
    people: dict[str, Person]
    extra: Person
    anonymous: Callable[[], Person]

    def invite(self, _person: Person) -> dict[str, Any]:
        made = done(self.project.owner.post(f"{self.project.api}/invites", {}))
        return {"invite_id": made["id"], "token": made["token"]}

    def published(self, person: Person) -> dict[str, Any]:
        page = person.get("/api/docs").text
        found = re.search(r"/static/h/(\w+)/(css/base\.css)", page)
        return {"version": found[1], "filename": found[2]} if found else {}

    def foreign_invite(self, _person: Person) -> dict[str, Any]:
        """An invite to another project: accepting it changes nothing in this one."""
        other = self.cast.project(self.project.owner)
        return {"token": done(self.project.owner.post(f"{other.api}/invites", {}))["token"]}

    def message_of_a_member(self, _person: Person) -> dict[str, Any]:
        return {"number": self.project.post(self.people["member"], "Hello")["number"]}

    def message_of_an_extra(self, _person: Person) -> dict[str, Any]:
        self.project.admit(self.extra)
        return {"number": self.project.post(self.extra, "Hello")["number"]}

    def sent_picture(self, _person: Person) -> dict[str, Any]:
        file = upload(self.people["member"], self.project, "a.png", picture())
        post(self.people["member"], self.project, file)
        return {"upload_id": file["id"], "name": "a.png"}

    def file_of_a_member(self, _person: Person) -> dict[str, Any]:
        return {"upload_id": begin(self.people["member"], self.project, "a.txt", 1)["id"]}

    def extra_member(self, _person: Person) -> dict[str, Any]:
        self.project.admit(self.extra)
        return {"user_id": self.extra.id}

    def own_other_login(self, person: Person) -> dict[str, Any]:
        if not person.username:
            return {"login_id": 1}
        person.again()
        logins = done(person.get("/api/account/sessions"))["sessions"]
        return {"login_id": next(one["id"] for one in logins if not one["current"])}


Prepare = Callable[[Scene, Person], dict[str, Any]]


def nothing(_scene: Scene, _person: Person) -> dict[str, Any]:
    return {}


@dataclass
class Row:
    """The answers to the six roles, and how to ask."""

    answers: str
    body: dict[str, Any] | None = None
    prepare: Prepare = nothing
    ends_login: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)

    @property
    def statuses(self) -> dict[str, int]:
        given = [int(status) for status in self.answers.split()]
        return dict(zip(ROLES, given * (6 if len(given) == 1 else 1), strict=True))


def credentials(**fields: str) -> dict[str, str]:
    return {"username": "olga", "password": PASSWORD, **fields}


FOR_EVERYBODY = Row("200")
FOR_PEOPLE = "401 200 200 200 200 200"
FOR_MEMBERS = "401 404 404 200 200 200"
FOR_MANAGERS = "401 404 404 403 200 200"
PAGE_FOR_PEOPLE = "302 200 200 200 200 200"
PAGE_FOR_MEMBERS = "302 404 404 200 200 200"
PROJECT = "/api/projects/<int:project_id>"

MATRIX = {
    # Everybody
    "GET /healthz": FOR_EVERYBODY,
    "GET /readyz": FOR_EVERYBODY,
    "GET /static/<path:filename>": Row("200", values={"filename": "css/base.css"}),
    "GET /static/h/<version>/<path:filename>": Row("200", prepare=Scene.published),
    "GET /i18n/<locale>.js": Row("200", values={"locale": "ru"}),
    "GET /sw.js": FOR_EVERYBODY,
    "GET /manifest/<locale>.webmanifest": Row("200", values={"locale": "ru"}),
    "GET /api/openapi.json": FOR_EVERYBODY,
    "GET /api/docs": FOR_EVERYBODY,
    "GET /api/session": FOR_EVERYBODY,
    "PATCH /api/session": Row("200", {"locale": "en"}),
    "GET /": Row("302"),
    "GET /setup": Row("302"),
    "POST /api/setup": Row("409", credentials(name="Olga", username="olga-2")),
    "GET /login": Row("200 302 302 302 302 302"),
    "POST /api/session": Row("401", credentials(password="wrong horse")),
    "GET /invite/<token>": Row("200", prepare=Scene.invite),
    "GET /api/invites/<token>": Row("200", prepare=Scene.invite),
    "POST /api/invites/<token>": Row("422 200 200 200 200 200", {}, Scene.foreign_invite),
    # Whoever is logged in
    "DELETE /api/session": Row(FOR_PEOPLE, ends_login=True),
    "GET /account": Row(PAGE_FOR_PEOPLE),
    "PATCH /api/account": Row(FOR_PEOPLE, {"email": None}),
    "PUT /api/account/password": Row(
        "401 422 422 422 422 422", {"currentPassword": "wrong", "newPassword": "wrong horse"}
    ),
    "GET /api/account/sessions": Row(FOR_PEOPLE),
    "DELETE /api/account/sessions": Row(FOR_PEOPLE),
    "DELETE /api/account/sessions/<int:login_id>": Row(FOR_PEOPLE, prepare=Scene.own_other_login),
    "POST /api/account/push": Row(
        "401 422 422 422 422 422", {"endpoint": "http://localhost/", "p256dh": "a", "auth": "a"}
    ),
    "DELETE /api/account/push": Row("401 204 204 204 204 204"),
    "GET /projects": Row(PAGE_FOR_PEOPLE),
    "GET /projects/new": Row(PAGE_FOR_PEOPLE),
    "GET /api/projects": Row(FOR_PEOPLE),
    "GET /api/search": Row(FOR_PEOPLE, query={"q": "Hello"}),
    "POST /api/projects": Row("401 201 201 201 201 201", {"name": "Mine"}),
    # The members of a project
    "GET /projects/<int:project_id>": Row(PAGE_FOR_MEMBERS),
    "GET /projects/<int:project_id>/messages/<int:number>": Row(
        PAGE_FOR_MEMBERS, values={"number": 1}
    ),
    "GET /projects/<int:project_id>/settings": Row(PAGE_FOR_MEMBERS),
    f"GET {PROJECT}": Row(FOR_MEMBERS),
    f"PUT {PROJECT}/read": Row(FOR_MEMBERS, {"number": 1}),
    f"PUT {PROJECT}/unread": Row(FOR_MEMBERS, {"number": 1}),
    f"PATCH {PROJECT}/membership": Row(FOR_MEMBERS, {"notify": "mentions"}),
    f"GET {PROJECT}/catch-up": Row(FOR_MEMBERS),
    f"GET {PROJECT}/messages": Row(FOR_MEMBERS),
    f"GET {PROJECT}/changes": Row(FOR_MEMBERS),
    f"GET {PROJECT}/search": Row(FOR_MEMBERS, query={"q": "Hello"}),
    f"GET {PROJECT}/links": Row(FOR_MEMBERS),
    f"POST {PROJECT}/messages": Row("401 404 404 201 201 201", {"content": "Hello"}),
    f"GET {PROJECT}/messages/<int:number>": Row(FOR_MEMBERS, values={"number": 1}),
    f"PUT {PROJECT}/messages/<int:number>/reactions/<emoji>": Row(
        FOR_MEMBERS, prepare=Scene.message_of_a_member, values={"emoji": "👍"}
    ),
    f"DELETE {PROJECT}/messages/<int:number>/reactions/<emoji>": Row(
        FOR_MEMBERS, prepare=Scene.message_of_a_member, values={"emoji": "👍"}
    ),
    f"PUT {PROJECT}/messages/<int:number>/pin": Row(FOR_MEMBERS, prepare=Scene.message_of_a_member),
    f"DELETE {PROJECT}/messages/<int:number>/pin": Row(
        FOR_MEMBERS, prepare=Scene.message_of_a_member
    ),
    f"GET {PROJECT}/pins": Row(FOR_MEMBERS),
    f"GET {PROJECT}/messages/<int:number>/revisions": Row(FOR_MEMBERS, values={"number": 1}),
    f"GET {PROJECT}/messages/<int:number>/thread": Row(FOR_MEMBERS, values={"number": 1}),
    f"POST {PROJECT}/uploads": Row("401 404 404 201 201 201", {"name": "a.txt", "size": 1}),
    f"GET {PROJECT}/uploads/<upload_id>/<name>": Row(FOR_MEMBERS, prepare=Scene.sent_picture),
    f"GET {PROJECT}/thumbnails/<upload_id>": Row(FOR_MEMBERS, prepare=Scene.sent_picture),
    # The person who sends a file
    f"GET {PROJECT}/uploads/<upload_id>": Row(
        "401 404 404 200 404 404", prepare=Scene.file_of_a_member
    ),
    f"PATCH {PROJECT}/uploads/<upload_id>": Row(
        "401 404 404 400 404 404", {}, Scene.file_of_a_member
    ),
    f"DELETE {PROJECT}/uploads/<upload_id>": Row(
        "401 404 404 204 404 404", prepare=Scene.file_of_a_member
    ),
    # The author of a message, and those who manage the project
    f"PATCH {PROJECT}/messages/<int:number>": Row(
        "401 404 404 200 403 403", {"content": "Edited"}, Scene.message_of_a_member
    ),
    f"DELETE {PROJECT}/messages/<int:number>": Row(FOR_MANAGERS, prepare=Scene.message_of_an_extra),
    # Those who manage the project
    f"PATCH {PROJECT}": Row(FOR_MANAGERS, {"description": "Ours"}),
    f"GET {PROJECT}/invites": Row(FOR_MANAGERS),
    f"POST {PROJECT}/invites": Row("401 404 404 403 201 201", {}),
    f"DELETE {PROJECT}/invites/<int:invite_id>": Row(
        "401 404 404 403 204 204", prepare=Scene.invite
    ),
    f"DELETE {PROJECT}/members/<int:user_id>": Row(
        "401 404 404 403 204 204", prepare=Scene.extra_member
    ),
    # The owner alone
    f"PATCH {PROJECT}/members/<int:user_id>": Row(
        "401 404 404 403 403 200", {"role": "admin"}, Scene.extra_member
    ),
}

# What is answered to the event: "" for done, else the code of the refusal. Nobody who is not
# logged in gets as far as an event.
EVENTS: dict[str, tuple[Callable[[Scene], Any], dict[str, str]]] = {
    "join_room": (
        lambda scene: {"projectId": scene.project.id},
        {"outsider": "not_found", "former member": "not_found"},
    ),
    "leave_room": (lambda scene: {"projectId": scene.project.id}, {}),
    "typing": (
        lambda scene: {"projectId": scene.project.id, "isTyping": True},
        {"outsider": "not_found", "former member": "not_found"},
    ),
    "*": (lambda scene: {}, dict.fromkeys(ROLES, "unknown_event")),
}
OF_THE_PROTOCOL = {"connect", "disconnect"}


@pytest.fixture
def scene(server: Any, cast: Cast, project: Project, request: pytest.FixtureRequest) -> Scene:
    names = ("anonymous", "charlie", "frank", "bob", "dora", "alice")
    people = dict(zip(ROLES, map(request.getfixturevalue, names), strict=True))
    return Scene(cast, project, people, cast.known("eve"), lambda: Person(server))


# -- Addresses


def test_every_address_has_its_row() -> None:
    assert sorted(map(str, rules())) == sorted(MATRIX)


@pytest.mark.parametrize("rule", rules(), ids=str)
def test_everybody_gets_what_is_theirs(scene: Scene, database: Any, rule: Rule) -> None:
    row = MATRIX[str(rule)]
    for role, expected in row.statuses.items():
        person = scene.people[role]
        values = row.prepare(scene, person)
        if row.ends_login:
            person = person.again() if person.username else person
        before = database.contents()
        answer = ask(scene, person, rule, row, values)
        assert answer.status_code == expected, f"{role}: {answer.status_code} {answer.text[:300]}"
        if expected >= 400:
            assert database.contents() == before, f"{role} changed something."
        if expected == 302 and not rule.public:
            assert answer.headers["Location"].startswith("/login")


@pytest.mark.parametrize("rule", [rule for rule in rules() if "project_id" in rule.path], ids=str)
def test_outsiders_cannot_tell_a_project_from_none(scene: Scene, rule: Rule) -> None:
    row = MATRIX[str(rule)]
    administrator = scene.cast.administrator()
    for person in (scene.people["outsider"], scene.people["former member"], administrator):
        values = row.prepare(scene, person)
        theirs = ask(scene, person, rule, row, values)
        none = ask(scene, person, rule, row, {**values, "project_id": NOBODY})
        assert theirs.status_code == none.status_code == 404
        assert without_nonce(theirs.text) == without_nonce(none.text)
        assert scene.project.name not in theirs.text


def ask(scene: Scene, person: Person, rule: Rule, row: Row, values: dict[str, Any]) -> Any:
    given = {"project_id": scene.project.id, "number": 1, **row.values, **values}
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(given[match[1]]), rule.path)
    return person.request(rule.method, path, json=row.body, params=row.query)


def without_nonce(page: str) -> str:
    return re.sub(r'nonce="[^"]+"|content="[^"]{60,}"', "", page)


# -- Events


def test_every_event_has_its_row() -> None:
    assert set(events()) == set(EVENTS) | OF_THE_PROTOCOL


def test_nobody_connects_without_a_login(scene: Scene) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        scene.people["anonymous"].live()


@pytest.mark.parametrize("event", [event for event in events() if event not in OF_THE_PROTOCOL])
@pytest.mark.parametrize("role", ROLES[1:])
def test_everybody_is_answered_what_is_theirs(scene: Scene, event: str, role: str) -> None:
    data, refusals = EVENTS[event]
    live = scene.people[role].live()
    if event == "typing":
        live.call("join_room", {"projectId": scene.project.id})
    answer = live.call("anything" if event == "*" else event, data(scene))
    code = "" if answer["ok"] else answer["error"]["code"]
    assert code == refusals.get(role, "")


@pytest.mark.parametrize("role", ["outsider", "former member"])
def test_outsiders_cannot_tell_a_room_from_none(scene: Scene, role: str) -> None:
    live = scene.people[role].live()
    theirs = live.call("join_room", {"projectId": scene.project.id})
    none = live.call("join_room", {"projectId": int(MISSING_PROJECT.rsplit("/", 1)[1])})
    assert theirs == none
