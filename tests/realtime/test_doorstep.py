"""Who stands at a room's door hears nothing yet, and misses nothing."""

from projchat.realtime.doorstep import Doorstep

ROOM, OTHER = "project:1", "project:2"
NEWS = ("new-message", {"version": 7})


def test_what_is_emitted_meanwhile_is_kept():
    doorstep = Doorstep()
    with doorstep.knock("bob", ROOM):
        doorstep.keep(OTHER, *NEWS)
        doorstep.keep(ROOM, *NEWS)
        assert doorstep.leave("bob", ROOM) == [NEWS]


def test_who_was_evicted_meanwhile_finds_nothing():
    doorstep = Doorstep()
    with doorstep.knock("bob", ROOM), doorstep.knock("dora", ROOM):
        doorstep.leave("bob", ROOM)
        doorstep.keep(ROOM, *NEWS)
        assert doorstep.leave("bob", ROOM) is None
        assert doorstep.leave("dora", ROOM) == [NEWS]


def test_nobody_stands_there_for_ever():
    doorstep = Doorstep()
    with doorstep.knock("bob", ROOM):
        pass
    doorstep.keep(ROOM, *NEWS)
    assert doorstep.leave("bob", ROOM) is None
