"""Who is where, on this worker and on the others, who say only what has changed."""

import json
import random

from projchat.presence import MAX_NAMED, Presence, with_ids

ROOM, OTHER = "project:1", "project:2"


class Line:
    """From one worker to another, by way of JSON; what was lost is asked for."""

    def __init__(self):
        self.here, self.there = Presence(), Presence()
        self.asked = 0

    def tell(self):
        """The news arrive; the rooms that changed."""
        news = json.loads(json.dumps(self.here.news()))
        rooms = self.there.heard("here", news["turn"], with_ids(news["changes"]))
        return self.ask() if rooms is None else rooms

    def ask(self):
        """The other worker asks for everybody."""
        self.asked += 1
        told = json.loads(json.dumps(self.here.everybody_here()))
        return self.there.heard_everybody("here", told["turn"], with_ids(told["rooms"]))

    def lose(self):
        """The news are lost on their way."""
        self.here.news()

    def is_right(self):
        rooms = {*self.here.rooms(), ROOM, OTHER}
        return all(self.here.users(room) == self.there.users(room) for room in rooms)


def test_whoever_is_new_asks_once_and_then_hears_of_changes():
    line = Line()
    line.here.entered(ROOM, 1, "Anna")
    assert line.tell() == {ROOM}
    line.here.entered(ROOM, 2, "Boris")
    line.here.entered(OTHER, 2, "Boris")
    assert line.tell() == {ROOM, OTHER}
    line.here.left(ROOM, 1)
    assert line.tell() == {ROOM}
    assert line.there.users(ROOM) == [{"id": 2, "name": "Boris"}]
    assert line.asked == 1


def test_of_very_many_some_are_named_and_all_are_counted():
    line = Line()
    for user_id in range(1, MAX_NAMED + 101):
        line.here.entered(ROOM, user_id, f"Person {user_id}")
    line.tell()
    for presence in (line.here, line.there):
        summary = presence.summary(ROOM)
        assert [each["id"] for each in summary["presence"]] == list(range(1, MAX_NAMED + 1))
        assert summary["presenceCount"] == MAX_NAMED + 100


def test_a_sign_of_life_changes_nothing():
    line = Line()
    line.here.entered(ROOM, 1, "Anna")
    line.tell()
    assert not line.here.has_news
    assert line.tell() == set()
    assert line.asked == 1


def test_what_comes_and_goes_between_two_news_is_no_change():
    line = Line()
    line.tell()
    line.here.entered(ROOM, 1, "Anna")
    line.here.left(ROOM, 1)
    assert line.tell() == set()
    assert line.there.users(ROOM) == []


def test_news_that_were_lost_are_made_up_for():
    line = Line()
    line.tell()
    line.here.entered(ROOM, 1, "Anna")
    line.lose()
    assert line.tell() == {ROOM}
    assert line.is_right()


def test_another_tab_is_no_news():
    line = Line()
    for _ in range(2):
        line.here.entered(ROOM, 1, "Anna")
    line.tell()
    line.here.left(ROOM, 1)
    assert not line.here.has_news


def test_a_worker_that_is_silent_is_forgotten_and_asked_when_it_speaks_again(monkeypatch):
    line = Line()
    line.here.entered(ROOM, 1, "Anna")
    line.tell()
    monkeypatch.setattr("projchat.presence.SILENCE", -1.0)
    assert line.there.forget_silent() == {ROOM}
    assert line.there.users(ROOM) == []
    assert line.tell() == {ROOM}
    assert line.is_right()


def test_whatever_gets_lost_both_agree_once_something_arrives():
    rng = random.Random(1)
    line, tabs = Line(), []
    for _ in range(2000):
        if tabs and rng.random() < 0.5:
            line.here.left(*tabs.pop(rng.randrange(len(tabs))))
        else:
            tabs.append((rng.choice((ROOM, OTHER)), rng.randrange(5)))
            line.here.entered(*tabs[-1], f"Somebody {tabs[-1][1]}")
        if rng.random() < 0.3:
            line.lose()
        elif rng.random() < 0.5:
            line.tell()
            assert line.is_right()


def test_a_new_name_is_news_in_every_room():
    line = Line()
    for room in (ROOM, OTHER):
        line.here.entered(room, 1, "Anna")
    line.tell()
    line.here.entered(ROOM, 1, "Anna B.")
    assert line.tell() == {ROOM, OTHER}
    assert line.is_right()
