"""The counts of unread messages are right in every tab, whatever project it shows."""

import pytest

from support.cast import Cast
from support.surgery import execute

LEVEL = "UPDATE memberships SET notify = :level WHERE project_id = :project AND user_id = :user"


@pytest.fixture
def elsewhere(cast, project, bob):
    """Bob looks at another project, and has heard how the projects began."""
    tab = bob.live()
    assert tab.join(cast.project(bob).id)["ok"]
    forget(tab)
    return tab


def forget(*tabs):
    """Start listening afresh, after what was gathered until now has been told."""
    tabs[0].hears_nothing("unread", lambda news: False, within=0.5)
    for tab in tabs:
        tab.forget()


def count_of(project, number):
    return {"projectId": project.id, "messageCount": number, "lastReadNumber": None}


# --- unread: how much there is ---


def test_it_works(project, alice, elsewhere):
    number = project.post(alice, "Hello")["number"]
    assert elsewhere.wait_for("unread") == count_of(project, number)
    elsewhere.hears_nothing("new-message")


def test_it_reaches_a_tab_that_polls(cast, project, alice, bob):
    tab = bob.live(transports=("polling",))
    assert tab.join(cast.project(bob).id)["ok"]
    forget(tab)
    number = project.post(alice, "Hello")["number"]
    assert tab.wait_for("unread") == count_of(project, number)


@pytest.mark.parametrize("level", ["all", "mentions", "none"])
def test_it_reaches_whoever_wants_to_be_told_nothing_too(project, alice, bob, elsewhere, level):
    values = {"level": level, "project": project.id, "user": bob.id}
    execute(project.owner.server, LEVEL, **values)
    number = project.post(alice, "Hello")["number"]
    assert elsewhere.wait_for("unread") == count_of(project, number)


def test_it_is_told_once_of_what_comes_together(project, alice, elsewhere):
    last = [project.post(alice, f"message {turn}") for turn in range(10)][-1]
    elsewhere.wait_for("unread", lambda news: news["messageCount"] == last["number"])
    counts = [news["messageCount"] for news in elsewhere.events("unread")]
    assert len(counts) < 10
    assert counts == sorted(set(counts))


def test_what_happens_to_the_project_counts_as_well(project, alice, bob, elsewhere):
    assert alice.patch(project.api, {"name": "Renamed"}).ok
    project_now = bob.get(project.api).json()
    assert elsewhere.wait_for("unread") == count_of(project, project_now["messageCount"])
    assert project_now["unread"] > 0


def test_a_change_of_a_message_is_not_counted(project, alice, elsewhere):
    number = project.post(alice, "Hello")["number"]
    forget(elsewhere)
    assert alice.patch(f"{project.api}/messages/{number}", {"content": "Hello!"}).ok
    elsewhere.hears_nothing("unread", within=1)


def test_it_does_not_reach_the_tab_that_is_in_the_room(project, alice, bob, elsewhere):
    here = bob.live()
    here.join(project.id)
    project.post(alice, "Hello")
    elsewhere.wait_for("unread")
    here.wait_for("new-message")
    here.hears_nothing("unread")


def test_it_does_not_reach_outsiders(project, alice, charlie, frank, elsewhere):
    tabs = [person.live() for person in (charlie, frank)]
    for tab in tabs:
        assert not tab.join(project.id)["ok"]
    project.post(alice, "Hello")
    elsewhere.wait_for("unread")
    for tab in tabs:
        for event in ("unread", "read", "notify"):
            tab.hears_nothing(event)


def test_it_does_not_reach_whoever_was_just_removed(project, cast, alice, elsewhere):
    person = cast.newcomer()
    project.admit(person)
    tab = person.live()
    tab.join(cast.project(person).id)
    project.post(alice, "Hello")
    tab.wait_for("unread", lambda news: news["projectId"] == project.id)
    assert alice.delete(f"{project.api}/members/{person.id}").ok
    forget(tab, elsewhere)
    number = project.post(alice, "Among ourselves")["number"]
    elsewhere.wait_for("unread", lambda news: news["messageCount"] == number)
    tab.hears_nothing("unread")
    tab.hears_nothing("notify")


# --- How much of it is read ---


def test_an_author_has_read_what_they_wrote(project, cast, alice, bob, elsewhere):
    other = alice.live()
    other.join(cast.project(alice).id)
    forget(other, elsewhere)
    number = project.post(bob, "Mine")["number"]
    for tab, mark in ((elsewhere, number), (other, None)):
        assert tab.wait_for("unread") == {**count_of(project, number), "lastReadNumber": mark}
        tab.hears_nothing("read")


def test_reading_reaches_my_other_tabs_in_other_projects(project, alice, bob, elsewhere):
    number = project.post(alice, "Hello")["number"]
    assert bob.put(f"{project.api}/read", {"number": number}).ok
    news = {"projectId": project.id, "userId": bob.id, "number": number}
    assert elsewhere.wait_for("read") == news


def test_reading_does_not_reach_the_others_who_look_elsewhere(
    project, cast, alice, bob, charlie, elsewhere
):
    number = project.post(alice, "Hello")["number"]
    tabs = [alice.live(), charlie.live()]
    tabs[0].join(cast.project(alice).id)
    assert bob.put(f"{project.api}/read", {"number": number}).ok
    elsewhere.wait_for("read")
    for tab in tabs:
        tab.hears_nothing("read", lambda news: news["userId"] == bob.id)


@pytest.mark.services
def test_with_two_workers_it_comes_once(make_server):
    server = make_server(WEB_CONCURRENCY="2")
    cast = Cast(server)
    alice, bob, charlie = (cast.known(name) for name in ("alice", "bob", "charlie"))
    project, other = cast.project(alice, [bob]), cast.project(bob)
    tabs, outside = [bob.live() for _ in range(8)], [charlie.live() for _ in range(4)]
    for tab in tabs:
        assert tab.join(other.id)["ok"]
    numbers = []
    for turn in range(5):
        number = project.post(alice, f"message {turn}")["number"]
        numbers.append(number)
        for tab in tabs:
            tab.wait_for("unread", lambda news, number=number: news["messageCount"] == number)
    for tab in tabs:
        counts = [news["messageCount"] for news in tab.events("unread")]
        # That Bob joined may be told by the other worker, so a little later.
        assert [count for count in counts if count >= numbers[0]] == numbers
    for tab in outside:
        tab.hears_nothing("unread")
    cast.hang_up()
