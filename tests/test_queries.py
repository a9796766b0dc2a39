"""How many times each call asks the database, and what for."""

from contextlib import contextmanager

import pytest
from flask_migrate import upgrade
from sqlalchemy import event

from projchat import create_app
from projchat.bell import bell
from projchat.config import from_environment
from projchat.extensions import db, socketio
from projchat.indexing import indexer

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An application within the test, where its statements can be counted; always on SQLite."""
    folder = tmp_path_factory.mktemp("queries")
    settings = from_environment({"PROJCHAT_INSTANCE": str(folder), "PROJCHAT_LIMITS": "off"})
    made = create_app(settings)
    with made.app_context():
        upgrade()
    # What is done beside the requests, each in a thread of its own, would mix in here.
    bell.on_ring = lambda: None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexer, "due", lambda _project_id: None)
        yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def browser(app):
    """Where Olga's session is kept."""
    return app.test_client()


@pytest.fixture(scope="module")
def call(browser):
    """Call the API as Olga, the first account."""
    token = browser.get("/api/session").json["csrfToken"]

    def send(method, path, body=None):
        answer = browser.open(path, method=method, json=body, headers={"X-CSRFToken": token})
        assert answer.status_code < 300, answer.text
        return answer.json

    send("POST", "/api/setup", {"name": "Olga", "username": "olga", "password": PASSWORD})
    return send


@pytest.fixture(scope="module")
def messages(call):
    """The messages of a project with a few of them."""
    project = call("POST", "/api/projects", {"name": "Queries"})["id"]
    path = f"/api/projects/{project}/messages"
    for turn in range(5):
        call("POST", path, {"content": f"message {turn}"})
    return path


def named(statement):
    """A statement by what it does and to which table."""
    words = statement.split()
    before = {"SELECT": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE"}[words[0]]
    return f"{words[0]} {words[words.index(before) + 1]}"


@contextmanager
def statements(app):
    """Collect what is asked, in its order."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith("BEGIN"):
            seen.append(named(statement))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_post_asks_four_times(app, call, messages):
    with statements(app) as seen:
        call("POST", messages, {"content": "hello", "clientId": "queries-1"})
    assert seen == [
        "SELECT sessions",  # Who is asking: login, person, and the project through the membership.
        "UPDATE projects",  # The counters: number and version.
        "INSERT messages",  # The message; a repeated clientId is told by the same statement.
        "UPDATE memberships",  # Posting reads up to one's own message.
    ]


def test_a_mention_costs_a_look_at_the_members(app, call, messages):
    with statements(app) as seen:
        call("POST", messages, {"content": "hello @olga and @nobody"})
    assert seen == [
        "SELECT sessions",
        "SELECT users",  # Which of the names are members'.
        "UPDATE projects",
        "INSERT messages",
        "UPDATE memberships",  # Nobody is told of their own name, so there is no mention to store.
    ]


def test_a_reply_asks_once_more(app, call, messages):
    with statements(app) as seen:
        call("POST", messages, {"content": "hello", "replyTo": 2})
    assert seen == [
        "SELECT sessions",
        "UPDATE projects",
        "UPDATE messages",  # Where the thread began: finds it, and counts the reply.
        "INSERT messages",
        "UPDATE memberships",
    ]


def test_a_page_asks_twice(app, call, messages):
    for query in ("", "?before=4", "?after=1", "?around=3"):
        with statements(app) as seen:
            call("GET", messages + query)
        assert seen == ["SELECT sessions", "SELECT messages"]


def test_catching_up_asks_twice(app, call, messages):
    with statements(app) as seen:
        call("GET", f"{messages}?since=1")
    assert seen == ["SELECT sessions", "SELECT messages"]


def test_a_search_asks_three_times_and_once_more_among_all_projects(app, call, messages):
    project = messages.removesuffix("/messages")
    call("GET", f"{project}/search?q=hello")
    for path, asked in ((f"{project}/search", []), ("/api/search", ["SELECT projects"])):
        with statements(app) as seen:
            assert len(call("GET", f"{path}?q=message")["results"]) == 5
        assert seen == [
            "SELECT sessions",
            *asked,
            "SELECT message_index",  # Which messages may match, and their words.
            "SELECT messages",  # Those that do, with their authors.
        ]


def test_a_search_first_notes_what_waits_all_of_it_at_once(app, call, messages):
    project = messages.removesuffix("/messages")
    call("GET", f"{project}/search?q=waits")
    for turn in range(3):
        call("POST", messages, {"content": f"waits {turn}"})
    with statements(app) as seen:
        assert len(call("GET", f"{project}/search?q=waits")["results"]) == 3
    assert seen == [
        "SELECT sessions",
        "SELECT projects",  # How far its words are noted; the row is held.
        "SELECT messages",
        "INSERT message_index",
        "UPDATE projects",
        "SELECT message_index",
        "SELECT messages",
    ]


def test_the_list_of_projects_asks_twice(app, call, messages):
    with statements(app) as seen:
        call("GET", "/api/projects")
    assert seen == ["SELECT sessions", "SELECT projects"]


def test_joining_asks_once_and_once_more_for_news(app, call, browser, messages):
    head = call("GET", f"{messages}?limit=1")["version"]
    project_id = int(messages.split("/")[3])
    live = socketio.test_client(app, flask_test_client=browser)
    for since, asked in ((head, []), (head - 1, ["SELECT messages"])):
        with statements(app) as seen:
            join = {"projectId": project_id, "since": since}
            answer = live.emit("join_room", join, callback=True)
        assert (answer["ok"], answer["version"]) == (True, head)
        assert seen == ["SELECT projects", *asked]  # The project, through the membership.
