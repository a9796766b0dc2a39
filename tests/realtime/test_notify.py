"""Those who look elsewhere are told of what was said."""

import pytest

from support.cast import Cast
from support.surgery import execute

LEVEL = "UPDATE memberships SET notify = :level WHERE project_id = :project AND user_id = :user"


@pytest.fixture
def elsewhere(cast, bob):
    """Bob looks at another project."""
    tab = bob.live()
    assert tab.join(cast.project(bob).id)["ok"]
    return tab


def want(project, person, level):
    """Choose what somebody is told of a project."""
    values = {"level": level, "project": project.id, "user": person.id}
    execute(project.owner.server, LEVEL, **values)


def test_it_reaches_the_tab_that_looks_elsewhere(project, alice, bob, elsewhere):
    said = project.post(alice, "**Hello**\n  Bob")
    assert elsewhere.wait_for("notify") == {
        "projectId": project.id,
        "projectName": project.name,
        "number": said["number"],
        "author": {"id": alice.id, "name": alice.name},
        "content": "**Hello** Bob",
        "mentioned": False,
    }
    elsewhere.hears_nothing("new-message")


def test_it_does_not_reach_the_tab_that_is_in_the_room(project, alice, bob, elsewhere):
    here = bob.live()
    here.join(project.id)
    project.post(alice, "Hello")
    elsewhere.wait_for("notify")
    here.wait_for("new-message")
    here.hears_nothing("notify")


def test_it_does_not_reach_outsiders_nor_the_author(
    project, cast, alice, charlie, frank, elsewhere
):
    tabs = [person.live() for person in (alice, charlie, frank)]
    project.post(alice, "Hello")
    elsewhere.wait_for("notify")
    for tab in tabs:
        tab.hears_nothing("notify")


def test_whoever_wants_mentions_is_told_of_those(project, alice, bob, elsewhere):
    want(project, bob, "mentions")
    project.post(alice, "Hello, mail me at alice@bob.example or ask @bobby")
    project.post(alice, "Anything for @Bob?")
    notice = elsewhere.wait_for("notify")
    assert notice["content"] == "Anything for @Bob?"
    assert notice["mentioned"]
    assert len(elsewhere.events("notify")) == 1


def test_whoever_wants_nothing_is_told_nothing(project, alice, bob, elsewhere):
    want(project, bob, "none")
    project.post(alice, "Hello @bob")
    elsewhere.hears_nothing("notify", within=1)


def test_of_much_at_once_the_last_is_told(project, alice, elsewhere):
    last = [project.post(alice, f"message {turn}") for turn in range(10)][-1]
    elsewhere.wait_for("notify", lambda notice: notice["number"] == last["number"])
    assert len(elsewhere.events("notify")) < 10


def test_a_message_deleted_at_once_is_not_told(project, alice, elsewhere):
    kept = project.post(alice, "Hello")
    said = project.post(alice, "A secret")
    assert alice.delete(f"{project.api}/messages/{said['number']}").ok
    notice = elsewhere.wait_for("notify")
    assert (notice["number"], notice["content"]) == (kept["number"], "Hello")
    assert len(elsewhere.events("notify")) == 1


def test_what_happens_to_the_project_is_no_message(project, alice, elsewhere):
    assert alice.patch(project.api, {"name": "Renamed"}).ok
    elsewhere.hears_nothing("notify", within=1)


@pytest.mark.services
def test_with_two_workers_it_comes_once(make_server):
    server = make_server(WEB_CONCURRENCY="2")
    cast = Cast(server)
    alice, bob = cast.known("alice"), cast.known("bob")
    project, other = cast.project(alice, [bob]), cast.project(bob)
    tabs = [bob.live() for _ in range(8)]
    for tab in tabs:
        assert tab.join(other.id)["ok"]
    for turn in range(5):
        said = project.post(alice, f"message {turn}")
        for tab in tabs:
            tab.wait_for("notify", lambda notice, said=said: notice["number"] == said["number"])
    for tab in tabs:
        assert len(tab.events("notify")) == 5
    cast.hang_up()
