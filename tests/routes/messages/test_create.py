"""POST /api/projects/<id>/messages: sending."""

import re
import threading
import uuid

import pytest

from support.answers import refused
from support.cast import Cast

KEYS = {
    "id",
    "projectId",
    "number",
    "version",
    "clientId",
    "kind",
    "content",
    "html",
    "event",
    "attachments",
    "author",
    "replyTo",
    "mentions",
    "createdAt",
    "editedAt",
    "deletedAt",
    "threadRoot",
    "replyCount",
    "lastReply",
    "reactions",
    "pinnedAt",
    "pinnedBy",
}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


@pytest.fixture
def path(project):
    return f"{project.api}/messages"


def test_it_works(bob, project, path):
    answer = bob.post(path, {"content": "Hello, **Alice**", "clientId": "first"})
    assert answer.status_code == 201
    message = answer.json()
    assert set(message) == KEYS
    assert message["projectId"] == project.id
    assert message["content"] == "Hello, **Alice**"
    assert message["html"] == "<p>Hello, <strong>Alice</strong></p>"
    assert message["author"] == {"id": bob.id, "name": "Bob"}
    assert message["kind"] == "text"
    assert message["clientId"] == "first"
    assert RFC_3339.fullmatch(message["createdAt"])
    assert {message[key] for key in ("event", "replyTo", "editedAt", "deletedAt")} == {None}


def test_the_members_hear_the_same_object(alice, bob, charlie, project, path):
    live, outsider = alice.live(), charlie.live()
    live.join(project.id)
    outsider.join(project.id)
    message = bob.post(path, {"content": "Hello"}).json()
    assert live.wait_for("new-message") == message
    assert alice.get(f"{path}/{message['number']}").json() == message
    outsider.hears_nothing("new-message")


def test_numbers_and_versions_go_up_without_a_hole(alice, bob, project):
    first = project.post(alice, "one")
    second = project.post(bob, "two")
    third = project.post(alice, "three")
    for key in ("number", "version"):
        assert [second[key], third[key]] == [first[key] + 1, first[key] + 2]


def test_many_at_once_leave_no_hole(alice, bob, project, path):
    tabs = [alice, bob, alice.again(), bob.again()]

    def send(person, answers):
        answers += [person.post(path, {"content": "x"}).json()["number"] for _ in range(10)]

    numbers = []
    threads = [threading.Thread(target=send, args=(tab, numbers)) for tab in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 40))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("a\r\nb\rc\n", "a\nb\nc"),
        ("\n\n  a  \n", "  a"),
        ("e\u0301 \u202e \u200d\x1b[1m", "e\u0301 \u202e \u200d\x1b[1m"),
        ("🙂" * 10_000, "🙂" * 10_000),
        ("x" * 10_000 + "\r\n" * 500, "x" * 10_000),
    ],
)
def test_it_keeps_what_was_typed(bob, path, typed, stored):
    answer = bob.post(path, {"content": typed})
    assert answer.status_code == 201
    assert answer.json()["content"] == stored


def test_it_gives_html_that_can_do_no_harm(bob, path):
    message = bob.post(path, {"content": "<script>alert(1)</script> [a](javascript:b)"}).json()
    assert "<script" not in message["html"]
    assert "href" not in message["html"]


def test_it_replies(alice, bob, project):
    first = project.post(alice, "one")
    reply = project.post(bob, "two", replyTo=first["number"])
    assert reply["replyTo"] == first["number"]


def test_one_may_reply_to_what_was_deleted(alice, bob, project, path):
    first = project.post(alice, "one")
    alice.delete(f"{path}/{first['number']}")
    assert project.post(bob, "two", replyTo=first["number"])["replyTo"] == first["number"]


def test_posting_reads_up_to_ones_own(alice, bob, project):
    project.post(alice, "one")
    number = project.post(bob, "two")["number"]
    assert bob.get(project.api).json()["lastReadNumber"] == number


# Sending again


def test_a_retry_gets_the_first_answer(alice, bob, project, path, database):
    body = {"content": "Hello", "clientId": str(uuid.uuid4())}
    first = bob.post(path, body)
    live = alice.live()
    live.join(project.id)
    with database.unchanged():
        again = bob.post(path, body)
    assert again.status_code == 200
    assert again.json() == first.json()
    live.hears_nothing("new-message")


def test_a_retry_that_differs_in_line_ends_only_is_the_same(bob, path):
    first = bob.post(path, {"content": "a\nb", "clientId": "c"})
    again = bob.post(path, {"content": "a\r\nb\n", "clientId": "c"})
    if first.status_code == 201:
        assert again.status_code == 200
    assert again.json()["number"] == first.json()["number"]


def test_a_retry_after_an_edit_is_still_known(bob, path):
    body = {"content": "Hello", "clientId": str(uuid.uuid4())}
    number = bob.post(path, body).json()["number"]
    bob.patch(f"{path}/{number}", {"content": "Edited"})
    again = bob.post(path, body)
    assert again.status_code == 200
    assert again.json()["content"] == "Edited"


def test_a_retry_while_the_first_is_under_way_makes_one_message(bob, path):
    tabs = [bob.again() for _ in range(5)]
    body, answers = {"content": "Hello", "clientId": str(uuid.uuid4())}, []
    threads = [
        threading.Thread(target=lambda tab=tab: answers.append(tab.post(path, body)))
        for tab in tabs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [201]
    assert len({answer.json()["number"] for answer in answers}) == 1


def test_another_person_may_use_the_same_id(alice, bob, path):
    client_id = str(uuid.uuid4())
    mine = bob.post(path, {"content": "mine", "clientId": client_id})
    theirs = alice.post(path, {"content": "theirs", "clientId": client_id})
    assert (mine.status_code, theirs.status_code) == (201, 201)


def test_it_rejects_an_id_reused_for_something_else(cast, alice, bob, project, path, database):
    body = {"content": "Hello", "clientId": str(uuid.uuid4())}
    number = bob.post(path, body).json()["number"]
    elsewhere = cast.project(alice, [bob])
    with database.unchanged():
        for change in ({"content": "Other"}, {"replyTo": number}):
            refused(bob.post(path, body | change), 409, "client_id_reused", "clientId")
        answer = bob.post(f"{elsewhere.api}/messages", body)
        refused(answer, 409, "client_id_reused", "clientId")


# Refusals


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "Write something"),
        (" \n\t\u00a0\r\n", "Write something"),
        ("x" * 10_001, "10,000"),
        ("🙂" * 10_001, "10,000"),
        ("a\0b", "cannot be stored"),
    ],
)
def test_it_rejects_content_that_cannot_be(bob, path, database, content, words):
    with database.unchanged():
        error = refused(bob.post(path, {"content": content}), 422, "invalid", "content")
    assert words in error["fields"]["content"]


@pytest.mark.parametrize("content", ["\ud800", "a\udfff", "\ude00\ud83d", None, 5, True, ["a"], {}])
def test_it_rejects_what_is_no_text(bob, path, database, content):
    with database.unchanged():
        refused(bob.post(path, {"content": content}), 422, "invalid", "content")


def test_it_takes_a_pair_of_surrogates_for_the_character_it_is(bob, path):
    raw = b'{"content": "\\ud83d\\ude42"}'
    answer = bob.post(path, data=raw, headers={"Content-Type": "application/json"})
    assert answer.json()["content"] == "🙂"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": "a", "clientId": ""}, "clientId"),
        ({"content": "a", "clientId": "x" * 101}, "clientId"),
        ({"content": "a", "clientId": 5}, "clientId"),
        ({"content": "a", "clientId": "a\0"}, "clientId"),
        ({"content": "a", "clientId": "\ud800"}, "clientId"),
        ({"content": "a", "replyTo": 0}, "replyTo"),
        ({"content": "a", "replyTo": -1}, "replyTo"),
        ({"content": "a", "replyTo": 2**53}, "replyTo"),
        ({"content": "a", "replyTo": 10**40}, "replyTo"),
        ({"content": "a", "replyTo": "1"}, "replyTo"),
        ({"content": "a", "replyTo": 1.0}, "replyTo"),
        ({"content": "a", "author": {"id": 1}}, "author"),
        ({"content": "a", "html": "<b>"}, "html"),
        ({"content": "a", "number": 1}, "number"),
        ({"content": "a", "kind": "system"}, "kind"),
    ],
)
def test_it_rejects_malformed_fields(bob, path, database, body, field):
    with database.unchanged():
        refused(bob.post(path, body), 422, "invalid", field)


def test_it_rejects_a_reply_to_what_is_not_there(bob, project, path, database):
    head = bob.get(project.api).json()["messageCount"]
    with database.unchanged():
        for number in (head + 1, head + 2, 2**53 - 1):
            answer = bob.post(path, {"content": "a", "replyTo": number})
            refused(answer, 422, "invalid", "replyTo")


def test_it_rejects_an_archived_project(alice, bob, project, path, database):
    alice.patch(project.api, {"archived": True})
    with database.unchanged():
        refused(bob.post(path, {"content": "late"}), 409, "project_archived")
        refused(alice.post(path, {"content": "late"}), 409, "project_archived")


def test_a_retry_is_answered_even_when_archived_meanwhile(alice, bob, project, path):
    body = {"content": "Hello", "clientId": str(uuid.uuid4())}
    number = bob.post(path, body).json()["number"]
    alice.patch(project.api, {"archived": True})
    again = bob.post(path, body)
    assert again.status_code == 200
    assert again.json()["number"] == number


def test_it_rejects_somebody_removed_in_between(alice, bob, project, path, database):
    bob.post(path, {"content": "before"})
    project.remove(bob)
    with database.unchanged():
        refused(bob.post(path, {"content": "after"}), 404, "not_found")


def test_it_may_be_the_first_thing_that_a_process_is_asked(make_server):
    server = make_server()
    cast = Cast(server)
    alice = cast.known("alice")
    project = cast.project(alice)
    message = {"content": "hello"}
    assert alice.post(f"{project.api}/messages", json=message).status_code == 201
    server.restart()
    assert alice.post(f"{project.api}/messages", json=message).status_code == 201
