"""How the database carries out what the application asks: by index, however long the history.

Each statement of a real server is explained where it runs, see support/explainer.py. A step that
walks a whole table, or sorts messages, would take longer with each message ever sent.
"""

import json
import re
from pathlib import Path

import pytest

from support.backend import Backend
from support.cast import Cast
from support.files import begin, post, upload
from support.history import add_projects, lengthen, settle
from support.live import Live
from support.server import Server

EXPLAINER = Path(__file__).parent / "support" / "explainer.py"
LENGTH = 6_000
MIDDLE = LENGTH // 2
PROJECTS = 200
WHOLE_TABLE = re.compile(r"^SCAN (?!CONSTANT)|^Seq Scan|^Index (Only )?Scan [^(]*$")
# What the watch of the history adds up at each of its looks, beside the requests too: the projects
# are its one table that grows, by a row for each and not for each message.
WITNESS = re.compile(r"FROM sqlite_sequence")
SORT = re.compile(r"TEMP B-TREE|^(Incremental )?Sort")
BY_NUMBER = re.compile(r"uq_messages_project_id_number|\(project_id=\? AND number")
BY_VERSION = re.compile(r"ix_messages_project_id_version")
# What is done beside the requests, at any moment: noting the words of what was said, and telling
# those who look elsewhere.
NOTING = re.compile(
    r"^SELECT projects\.message_count, projects\.indexed_count"
    r"|^SELECT messages\.id, messages\.project_id, messages\.number, messages\.author_id, "
    r"|^SELECT messages\.number, messages\.body, messages\.mentions "
    r"|^INSERT INTO message_index|^UPDATE projects SET indexed_count"
)
# A step that finds messages by an index, and one that finds no more than a summary may look at.
OF_MESSAGES = re.compile(r"^SEARCH messages|^(Bitmap )?Index .*messages_")
BOUNDED = re.compile(r"\bnumber ?[=>]|ix_messages_pinned|ix_messages_project_id_version")
WHO_WROTE, SECTIONS = 1, 6


class Explained:
    """A server that explains itself, with a long history and somebody in many projects."""

    def __init__(self, folder, backend):
        self.notes = folder / "explained"
        self.server = Server(
            folder / "server",
            backend,
            PROJCHAT_FAILPOINTS=str(EXPLAINER),
            PROJCHAT_EXPLAINED=str(self.notes),
        ).start()
        cast = Cast(self.server)
        self.alice = cast.known("alice")
        self.bob = cast.known("bob")
        self.project = cast.project(self.alice, [self.bob])
        add_projects(self.server, self.alice.id, 1001, 1000 + PROJECTS)
        for each in (self.project.id, 1001):
            lengthen(self.server, each, self.alice.id, LENGTH)
        settle(self.server)

    def plans(self, noting=False):
        """What was explained since the last time, each as (statement, steps)."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        self.notes.write_text("")
        notes = [note for note in map(json.loads, lines) if not WITNESS.search(note["statement"])]
        plans = [(note["statement"], note["plan"]) for note in notes]
        return [plan for plan in plans if bool(NOTING.search(plan[0])) is noting]

    def of(self, method, path, body=None):
        """The plans of one call that succeeds."""
        self.alice.get("/api/session")
        self.plans()
        answer = self.alice.request(method, path, json=body)
        assert answer.ok, answer.text
        return self.plans()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)]
)
def explained(request, tmp_path_factory, backend):
    url = backend.database_url if request.param == "postgresql" else None
    made = Explained(tmp_path_factory.mktemp("plans"), Backend(url, None))
    yield made
    made.server.close()


def by_index(plans):
    """Insist that nothing walks a table or sorts a history; the plans of the history's pages."""
    pages = walking_no_table(plans)
    for steps in pages:
        assert not any(SORT.search(step) for step in steps), steps
    return pages


def walking_no_table(plans):
    """Insist that nothing walks a table; the plans of what asks for messages."""
    assert plans
    for statement, steps in plans:
        shown = "\n".join([statement, *steps])
        assert not any(WHOLE_TABLE.search(step) for step in steps), shown
    return [steps for statement, steps in plans if "FROM messages" in statement]


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"?before={MIDDLE}",
        f"?after={MIDDLE}",
        f"?around={MIDDLE}",
        "?limit=100",
        f"?around={MIDDLE}&limit=500",
    ],
)
def test_a_page_goes_by_number(explained, query):
    batches = by_index(explained.of("GET", f"{explained.project.api}/messages{query}"))
    assert len(batches) == 1 or "limit" in query
    assert all(any(BY_NUMBER.search(step) for step in steps) for steps in batches), batches


def test_words_are_noted_by_number(explained):
    path = explained.project.api
    assert explained.alice.post(f"{path}/messages", {"content": "by number"}).ok
    assert explained.alice.get(f"{path}/search?q=number").ok
    plans = explained.plans(noting=True)
    found = by_index(plans)
    assert found
    assert all(any(BY_NUMBER.search(step) for step in steps) for steps in found), found
    assert {statement.split()[0] for statement, _ in plans} >= {"SELECT", "UPDATE"}


@pytest.mark.parametrize("since", [LENGTH - 50, MIDDLE, 0])
def test_changes_go_by_version(explained, since):
    path = f"{explained.project.api}/messages?since={since}"
    [steps] = by_index(explained.of("GET", path))
    assert any(BY_VERSION.search(step) for step in steps), steps


def test_the_list_of_projects_and_its_unread_counts_read_no_message(explained):
    plans = explained.of("GET", "/api/projects")
    assert by_index(plans) == []
    assert any("ix_memberships_user_id" in step for _, steps in plans for step in steps)
    assert not any("messages" in step for _, steps in plans for step in steps)


@pytest.mark.parametrize("path", ["", f"/messages/{MIDDLE}"])
def test_the_page_of_a_project_goes_by_index(explained, path):
    [steps] = by_index(explained.of("GET", f"{explained.project.page}{path}"))
    assert any(BY_NUMBER.search(step) for step in steps), steps


def test_what_a_member_does_goes_by_index(explained):
    messages, message = f"{explained.project.api}/messages", {"content": "hello", "clientId": "p"}
    mine = f"{messages}/{explained.project.post(explained.alice, 'mine')['number']}"
    for call in (
        ("POST", messages, message),
        ("POST", messages, message),
        ("POST", messages, {"content": "an answer", "replyTo": MIDDLE}),
        ("GET", f"{messages}/{MIDDLE}"),
        ("PATCH", mine, {"content": "another text"}),
        ("DELETE", mine),
        ("PUT", f"{explained.project.api}/read", {"number": MIDDLE}),
        ("GET", explained.project.api),
        ("PATCH", explained.project.api, {"description": "Long."}),
        ("POST", f"{explained.project.api}/invites", {}),
        ("GET", f"{explained.project.api}/invites"),
        ("GET", "/api/account/sessions"),
    ):
        by_index(explained.of(*call))


def test_room_for_files_is_taken_and_given_back_by_index(explained):
    uploads = f"{explained.project.api}/uploads"
    begun = explained.of("POST", uploads, {"name": "a", "size": 1})
    by_index(begun)
    assert any("upload_totals" in statement for statement, _ in begun)
    file = begin(explained.alice, explained.project, "a", 1)
    by_index(explained.of("DELETE", f"{uploads}/{file['id']}"))
    sent = upload(explained.alice, explained.project, "a.txt", b"words")
    message = post(explained.alice, explained.project, sent)["number"]
    gone = explained.of("DELETE", f"{explained.project.api}/messages/{message}")
    by_index(gone)
    assert any("upload_totals" in statement for statement, _ in gone)


@pytest.mark.parametrize("since", [LENGTH - 50, MIDDLE, 0])
def test_catching_up_looks_at_what_is_bounded(explained, since):
    """What it may look at is small enough to sort, but it never walks back from the absence."""
    plans = explained.of("GET", f"{explained.project.api}/catch-up?since={since}")
    pages = walking_no_table(plans)
    steps = [step for steps in pages for step in steps if OF_MESSAGES.search(step)]
    assert len(steps) >= len(pages) == WHO_WROTE + SECTIONS
    assert all(BOUNDED.search(step) for step in steps), steps
    assert any("ix_messages_pinned" in step for step in steps), steps
    assert any(BY_VERSION.search(step) for step in steps), steps


def test_entering_a_room_and_the_relay_go_by_index(explained):
    live: Live = explained.alice.live()
    explained.plans()
    version = explained.project.version()
    assert live.join(explained.project.id, since=version - 5)["ok"]
    [steps] = by_index(explained.plans())
    assert any(BY_VERSION.search(step) for step in steps), steps
    # The beacon comes at the end of the relay's longest tick.
    live.wait_for("head", timeout=30)
    live.close()
    # The witness of an SQLite file adds up the counters of all projects: a row for each.
    asked = [plan for plan in explained.plans() if "sqlite_sequence" not in plan[0]]
    by_index(asked)
    assert any("projects.id IN" in statement for statement, _ in asked)
