"""Whatever lists messages ends at a number of bytes, and what is left can be asked for."""

import pytest

from support.answers import refused

PAGE_BYTES = 256 * 1024
LONG = "слово " * 1500
COUNT = 12


@pytest.fixture(scope="module")
def long(server, everybody):
    """A project where Alice has written twelve long messages with links to Bob, and pinned them."""
    alice, bob = everybody.known("alice"), everybody.known("bob")
    project = everybody.project(alice, [bob])
    for turn in range(COUNT):
        text = f"{turn} https://example.org/{turn} @bob {LONG}?"
        number = project.post(alice, text)["number"]
        assert alice.put(f"{project.api}/messages/{number}/pin").ok
    return project


def pages(person, path, rows, cursor):
    """All rows of an answer, page by page."""
    found, query = [], ""
    while True:
        answer = person.get(path + query)
        assert answer.status_code == 200, answer.text
        assert len(answer.content) < PAGE_BYTES + 20_000
        body = answer.json()
        assert body[rows]
        found.append(body[rows])
        if not body["hasMore"]:
            return found
        query = ("&" if "?" in path else "?") + f"before={cursor(body[rows])}"


def test_pins(bob, long):
    found = pages(bob, f"{long.api}/pins", "messages", lambda rows: rows[-1]["pinnedAt"])
    assert len(found) > 1
    pinned = [row["content"].split()[0] for page in found for row in page]
    assert pinned == [str(turn) for turn in reversed(range(COUNT))]


def test_revisions(alice, bob, project):
    path = f"{project.api}/messages/{project.post(alice, f'0 {LONG}')['number']}"
    for turn in range(1, COUNT + 1):
        assert alice.patch(path, {"content": f"{turn} {LONG}"}).ok
    found = pages(bob, f"{path}/revisions", "revisions", lambda rows: rows[0]["createdAt"])
    assert len(found) > 1
    texts = [row["content"].split()[0] for page in reversed(found) for row in page]
    assert texts == [str(turn) for turn in range(COUNT)]


def test_search(bob, long):
    path = f"{long.api}/search?q=слово&limit=100"
    found = pages(bob, path, "results", lambda rows: rows[-1]["id"])
    assert len(found) > 1
    assert len({row["id"] for page in found for row in page}) == COUNT


def test_links_are_not_cut_within_a_message(alice, bob, project):
    for turn in range(8):
        words = [f"https://example.org/{turn}/{place}" for place in range(300)]
        project.post(alice, "\n".join(words))
    path = f"{project.api}/links?limit=100"
    found = pages(bob, path, "links", lambda rows: rows[-1]["messageId"])
    assert len(found) > 1
    assert len({row["url"] for page in found for row in page}) == 8 * 300


def test_catching_up_lists_the_newest(bob, long):
    answer = bob.get(f"{long.api}/catch-up?since=0")
    assert len(answer.content) < PAGE_BYTES + 20_000
    body = answer.json()
    assert (body["count"], body["peopleCount"]) == (COUNT, 1)
    newest = str(COUNT - 1)
    for section in ("mentions", "questions", "pinned"):
        assert body[section][-1]["content"].split()[0] == newest


@pytest.mark.parametrize("before", ["x", "", "1.5.2026", "\0"])
def test_it_rejects_a_moment_that_is_none(bob, long, before):
    number = bob.get(f"{long.api}/pins").json()["messages"][0]["number"]
    for path in ("pins", f"messages/{number}/revisions"):
        answer = bob.get(f"{long.api}/{path}", params={"before": before})
        refused(answer, 422, "invalid", "before")


def test_it_rejects_an_outsider(charlie, frank, long):
    for person in (charlie, frank):
        refused(person.get(f"{long.api}/pins?before=2026-01-01"), 404, "not_found")
