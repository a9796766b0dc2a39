"""What is said about another history than the database's is refused, and nothing is done."""

import re
import uuid

import pytest

from support.answers import refused
from support.cast import done
from support.contract import Rule, unsafe_rules

OTHER = "0" * 32
HEADER = "X-Projchat-History"


@pytest.fixture
def history(anonymous):
    return done(anonymous.get("/api/session"))["history"]


def test_everybody_is_told_it(alice, anonymous, project, history):
    assert re.fullmatch("[0-9a-f]{32}", history)
    assert done(alice.get("/api/session"))["history"] == history
    for query in ("", "?since=0", "?before=2", "?date=2020-01-01"):
        assert done(alice.get(f"{project.api}/messages{query}"))["history"] == history
    meta = f'<meta name="history" content="{history}">'
    assert meta in alice.get(project.page).text
    assert meta in anonymous.get("/login").text
    assert meta in anonymous.get("/nowhere").text


def test_a_log_in_is_answered_with_it(cast, history):
    person = cast.newcomer()
    assert done(person.logout())["history"] == history
    assert done(person.login())["history"] == history


@pytest.mark.parametrize("rule", unsafe_rules(), ids=str)
def test_no_call_acts_in_another_history(rule: Rule, alice, anonymous, database):
    """It is said first, for all logins end with a history."""
    path = re.sub(r"<int:\w+>", "1", rule.path)
    path = re.sub(r"<\w+>", "x", path)
    with database.unchanged():
        for person in (alice, anonymous):
            for token in ({}, {"csrf": None}):
                answer = person.request(rule.method, path, headers={HEADER: OTHER}, **token)
                refused(answer, 409, "history_changed")


def test_a_call_that_shows_our_history_or_none_acts(alice, project, history):
    for shown in (None, history):
        content = {"content": "hello", "clientId": str(uuid.uuid4())}
        answer = alice.post(f"{project.api}/messages", content, headers={HEADER: shown})
        assert answer.status_code == 201


def test_changes_are_not_told_by_the_cursor_of_another_history(alice, charlie, project, history):
    messages = f"{project.api}/messages"
    refused(alice.get(f"{messages}?since=0", headers={HEADER: OTHER}), 409, "history_changed")
    refused(alice.get(f"{messages}?since=0&history={OTHER}"), 409, "history_changed")
    refused(alice.get(f"{project.api}/catch-up?since=0&history={OTHER}"), 409, "history_changed")
    assert done(alice.get(f"{messages}?since=0&history={history}"))["messages"]
    refused(charlie.get(f"{messages}?since=0&history={history}"), 404, "not_found")


def test_what_needs_no_cursor_is_read_in_any_history(alice, project):
    assert alice.get(f"{project.api}/messages", headers={HEADER: OTHER}).ok


def test_a_room_is_not_entered_from_another_history(alice, bob, charlie, project, history):
    live = bob.live()
    for project_id in (project.id, 2**40):
        answer = live.call("join_room", {"projectId": project_id, "history": OTHER})
        assert answer["error"]["code"] == "history_changed"
    project.post(alice, "hello")
    live.hears_nothing("new-message")
    for shown in ({}, {"history": history}):
        assert live.call("join_room", {"projectId": project.id, **shown})["history"] == history
    outside = charlie.live().call("join_room", {"projectId": project.id, "history": history})
    assert outside["error"]["code"] == "not_found"
