"""The long poll: what has changed, at once or when it does, where there is no live connection."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from support.answers import refused
from support.cast import Cast, Project, done
from support.person import Person
from support.surgery import execute

# What wakes a poll comes at once; the relay looks into the database every second and a half.
SOON, NEXT_LOOK = 3.0, 6.0
QUIET = 0.3


class Poll:
    """A long poll of one person that is under way, on a connection of its own."""

    def __init__(self, person: Person, project: Project, since: int, wait: int = 20) -> None:
        url = f"{project.owner.server.url}{project.api}/changes?since={since}&wait={wait}"
        cookie = {"Cookie": person.cookie_header()}
        pool = ThreadPoolExecutor(1)
        self._answer = pool.submit(requests.get, url, headers=cookie, timeout=wait + 10)
        pool.shutdown(wait=False)

    def answer(self, within: float = SOON) -> requests.Response:
        return self._answer.result(within)

    def is_waiting(self) -> bool:
        time.sleep(QUIET)
        return not self._answer.done()


def changes(person: Person, project: Project, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = done(person.get(f"{project.api}/changes?{query}"))
    return answer


def names(presence: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in presence]


@pytest.fixture
def poll(bob: Person, project: Project) -> Poll:
    waiting = Poll(bob, project, project.version())
    assert waiting.is_waiting()
    return waiting


def test_it_answers_at_once_if_something_has_changed(alice, bob, project):
    since = project.version()
    message = project.post(alice, "Hello")
    answer = changes(bob, project, f"since={since}&wait=30")
    assert [one["number"] for one in answer["messages"]] == [message["number"]]
    assert answer["version"] == message["version"]
    assert (answer["hasMore"], answer["reset"]) == (False, False)


def test_it_answers_as_a_join_does(alice, bob, project):
    project.post(alice, "Hello")
    joined = bob.live().join(project.id, since=0)
    answer = changes(bob, project, "since=0")
    joined.pop("ok")
    assert answer == joined


def test_it_does_not_wait_unless_asked(bob, project):
    since = project.version()
    answer = changes(bob, project, f"since={since}")
    assert (answer["messages"], answer["version"]) == ([], since)


def test_it_wants_only_what_comes_from_now_on_without_a_version(bob, project):
    answer = changes(bob, project, "")
    assert (answer["messages"], answer["version"]) == ([], project.version())


def test_it_ends_a_page_at_its_limit(alice, bob, project):
    since = project.version()
    for text in ("one", "two", "three"):
        project.post(alice, text)
    answer = changes(bob, project, f"since={since}&limit=2&wait=1")
    assert [one["content"] for one in answer["messages"]] == ["one", "two"]
    assert answer["hasMore"]
    rest = changes(bob, project, f"since={answer['version']}&limit=2")
    assert [one["content"] for one in rest["messages"]] == ["three"]
    assert not rest["hasMore"]


def test_it_starts_afresh_whoever_is_ahead(bob, project):
    assert changes(bob, project, "since=1000000&wait=30")["reset"]


def test_it_waits_for_a_message(alice, project, poll):
    message = project.post(alice, "Hello")
    answer = done(poll.answer())
    assert answer["messages"] == [message]


@pytest.mark.parametrize("act", ["edit", "delete", "react", "pin"])
def test_it_waits_for_a_change(alice, bob, project, act):
    message = project.post(alice, "Hello")
    poll = Poll(bob, project, project.version())
    assert poll.is_waiting()
    path = f"{project.api}/messages/{message['number']}"
    calls = {
        "edit": lambda: alice.patch(path, {"content": "Good bye"}),
        "delete": lambda: alice.delete(path),
        "react": lambda: alice.put(f"{path}/reactions/👍"),
        "pin": lambda: alice.put(f"{path}/pin"),
    }
    done(calls[act]())
    numbers = [one["number"] for one in done(poll.answer())["messages"]]
    assert message["number"] in numbers


def test_it_answers_when_the_time_is_over(bob, project):
    since = project.version()
    began = time.monotonic()
    answer = changes(bob, project, f"since={since}&wait=1")
    assert 1 <= time.monotonic() - began < 5
    assert (answer["messages"], answer["version"]) == ([], since)


def test_it_is_not_woken_by_another_project(cast, alice, poll):
    cast.project(alice).post(alice, "elsewhere")
    assert poll.is_waiting()


@pytest.mark.parametrize("query", ["wait=31", "wait=-1", "wait=x", "since=-1", "limit=0", "a=b"])
def test_it_refuses_what_it_does_not_know(bob, project, query):
    field = query.split("=")[0]
    refused(bob.get(f"{project.api}/changes?{query}"), 422, "invalid", field)


def test_an_outsider_cannot_wait(charlie, project):
    refused(charlie.get(f"{project.api}/changes?since=0&wait=30"), 404, "not_found")


# -- What is told to nobody


def test_it_finds_what_was_not_emitted_by_the_next_look(server, alice, project, poll):
    """A worker was killed between commit and emit, or no Redis tells of the other workers."""
    execute(server, "UPDATE projects SET version = version + 1 WHERE id = :id", id=project.id)
    assert poll.answer(NEXT_LOOK).ok


# -- Who may not wait any longer


def test_a_removed_member_is_told_so(bob, project, poll):
    project.remove(bob)
    refused(poll.answer(), 404, "not_found")


def test_a_member_removed_behind_our_back_hears_nothing(server, alice, bob, project, poll):
    execute(
        server,
        "DELETE FROM memberships WHERE project_id = :project AND user_id = :user",
        project=project.id,
        user=bob.id,
    )
    project.post(alice, "secret")
    refused(poll.answer(), 404, "not_found")


def test_the_end_of_a_login_ends_its_polls_only(cast, alice):
    person = cast.newcomer()
    project = cast.project(alice, [person])
    other, since = person.again(), project.version()
    ended, kept = Poll(other, project, since), Poll(person, project, since)
    assert ended.is_waiting()
    done(other.logout())
    refused(ended.answer(), 401, "unauthenticated")
    assert kept.is_waiting()


def test_a_disabled_person_is_out_by_the_next_look(server, cast, alice):
    person = cast.newcomer()
    project = cast.project(alice, [person])
    poll = Poll(person, project, project.version())
    assert poll.is_waiting()
    execute(server, "UPDATE users SET active = :no WHERE id = :id", no=False, id=person.id)
    refused(poll.answer(NEXT_LOOK), 401, "unauthenticated")


# -- Presence


def test_whoever_waits_is_here(alice, bob, project, poll):
    watcher = alice.live()
    watcher.join(project.id)
    here = lambda news: bob.name in names(news["users"])  # noqa: E731
    watcher.wait_for("presence", here)
    assert bob.name in names(changes(alice, project, "")["presence"])


def test_whoever_is_answered_at_once_is_here_as_well(alice, bob, project):
    since = project.version()
    project.post(alice, "Hello")
    changes(bob, project, f"since={since}&wait=30")
    assert bob.name in names(alice.live().join(project.id)["presence"])


def test_whoever_only_asks_is_not_here(alice, bob, project):
    changes(bob, project, f"since={project.version()}")
    assert bob.name not in names(alice.live().join(project.id)["presence"])


def test_whoever_polls_again_never_leaves(alice, bob, project):
    watcher = alice.live()
    watcher.join(project.id)
    since = project.version()
    for _ in range(3):
        done(Poll(bob, project, since, wait=1).answer(5))
        time.sleep(0.5)
    told = [bob.name in names(news["users"]) for news in watcher.events("presence")]
    assert told == sorted(told)
    assert told[-1]


def test_whoever_has_hung_up_is_gone_soon(alice, bob, project):
    watcher = alice.live()
    watcher.join(project.id)
    with pytest.raises(requests.ConnectionError):
        bob.get(f"{project.api}/changes?wait=30", timeout=1)
    watcher.wait_for("presence", lambda news: bob.name in names(news["users"]))
    watcher.forget()
    watcher.wait_for("presence", lambda news: bob.name not in names(news["users"]), timeout=12)


def test_a_removed_member_is_gone_at_once(alice, bob, project, poll):
    watcher = alice.live()
    watcher.join(project.id)
    watcher.wait_for("presence", lambda news: bob.name in names(news["users"]))
    watcher.forget()
    project.remove(bob)
    watcher.wait_for("presence", lambda news: bob.name not in names(news["users"]), timeout=3)


def test_an_outsider_is_not_here(alice, charlie, project):
    charlie.get(f"{project.api}/changes?wait=1")
    assert charlie.name not in names(changes(alice, project, "")["presence"])


# -- How many


def test_a_person_holds_ten_at_most(cast, alice):
    person = cast.newcomer()
    project = cast.project(alice, [person])
    since = project.version()
    polls = [Poll(person, project, since) for _ in range(10)]
    assert all(poll.is_waiting() for poll in polls)
    answer = person.get(f"{project.api}/changes?since={since}&wait=1")
    refused(answer, 429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 0
    assert changes(person, project, f"since={since}")["messages"] == []
    project.post(alice, "Hello")
    assert all(poll.answer().ok for poll in polls)
    assert changes(person, project, f"since={since + 1}&wait=1")["messages"] == []


# -- A server where nobody has a live connection


def test_it_needs_no_connection_and_does_not_hold_up_the_end(make_server):
    server = make_server()
    alice = Cast(server).administrator()
    project = Cast(server).project(alice)
    poll = Poll(alice, project, project.version())
    assert poll.is_waiting()
    execute(server, "UPDATE projects SET version = version + 1 WHERE id = :id", id=project.id)
    assert poll.answer(NEXT_LOOK).ok
    poll = Poll(alice, project, project.version())
    assert poll.is_waiting()
    assert server.stop() < 5
    assert poll.answer().ok
