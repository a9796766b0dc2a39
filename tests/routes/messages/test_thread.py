"""GET /api/projects/<id>/messages/<number>/thread: a message and all its replies."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.answers import refused


@pytest.fixture
def root(bob, project):
    return project.post(bob, "Lunch?")


@pytest.fixture
def path(project, root):
    return f"{project.api}/messages/{root['number']}/thread"


def texts(answer):
    return [each["content"] for each in answer.json()["messages"]]


def test_it_works(alice, bob, project, root, path):
    first = project.post(alice, "Where?", replyTo=root["number"])
    project.post(bob, "Something else")
    second = project.post(bob, "At Anna's", replyTo=first["number"])
    answer = alice.get(path)
    assert texts(answer) == ["Lunch?", "Where?", "At Anna's"]
    assert answer.json()["version"] == project.version()
    assert answer.json()["hasMore"] is False
    begun, *replies = answer.json()["messages"]
    assert (begun["threadRoot"], begun["replyCount"]) == (None, 2)
    assert (begun["lastReply"], begun["version"]) == (second["number"], root["version"])
    assert {each["threadRoot"] for each in replies} == {root["number"]}
    assert replies == [first, second]


def test_a_reply_leads_to_the_same_thread(alice, project, root, path):
    reply = project.post(alice, "Where?", replyTo=root["number"])
    theirs = alice.get(f"{project.api}/messages/{reply['number']}/thread")
    assert theirs.json() == alice.get(path).json()


def test_a_message_without_replies_is_a_thread_alone(alice, root, path):
    assert alice.get(path).json()["messages"] == [root]


def test_it_comes_in_pages(alice, project, root, path):
    numbers = [root["number"]]
    for turn in range(4):
        numbers.append(project.post(alice, f"{turn}", replyTo=numbers[-1])["number"])
    first = alice.get(f"{path}?limit=2").json()
    assert [each["number"] for each in first["messages"]] == numbers[:2]
    assert first["hasMore"] is True
    rest = alice.get(f"{path}?limit=3&after={numbers[1]}").json()
    assert [each["number"] for each in rest["messages"]] == numbers[2:]
    assert rest["hasMore"] is False


def test_a_deleted_reply_keeps_its_place(alice, bob, project, root, path):
    reply = project.post(alice, "Where?", replyTo=root["number"])
    project.post(bob, "Here", replyTo=reply["number"])
    alice.delete(f"{project.api}/messages/{reply['number']}")
    assert texts(alice.get(path)) == ["Lunch?", "", "Here"]


def test_a_retry_is_counted_once(alice, project, root, path):
    body = {"content": "Where?", "clientId": "reply-once", "replyTo": root["number"]}
    assert alice.post(f"{project.api}/messages", body).status_code == 201
    assert alice.post(f"{project.api}/messages", body).status_code == 200
    assert alice.get(path).json()["messages"][0]["replyCount"] == 1


def test_many_at_once_are_all_counted(alice, bob, project, root, path):
    with ThreadPoolExecutor(6) as pool:
        for turn in range(12):
            person = (alice, bob)[turn % 2]
            pool.submit(project.post, person, f"{turn}", replyTo=root["number"])
    begun, *replies = alice.get(path).json()["messages"]
    assert (begun["replyCount"], begun["lastReply"]) == (12, replies[-1]["number"])


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "after=-1", "after=x", "before=3"])
def test_it_rejects_malformed_queries(alice, path, query):
    refused(alice.get(f"{path}?{query}"), 422, "invalid", query.split("=")[0])


def test_it_rejects_outsiders(charlie, frank, path):
    for person in (charlie, frank):
        refused(person.get(path), 404, "not_found")


def test_it_rejects_a_message_that_is_not_there(bob, project):
    refused(bob.get(f"{project.api}/messages/9999/thread"), 404, "not_found")
