"""Two installations on one numbered database of Redis: nothing of one reaches the other."""

import pytest
import redis

from faults.services import Redis
from support.backend import Backend
from support.cast import Cast, done
from support.server import Server

QUIET_SECONDS = 3.0
SPOKEN_OF = ("new-message", "user-typing", "mentioned", "read", "unread", "room-closed")


@pytest.fixture
def installations(tmp_path, broker: Redis):
    """Production and staging, each with its own database, secret and people of equal ids."""
    made = []
    for name in ("production", "staging"):
        server = Server(tmp_path / name, Backend(None, None), REDIS_URL=broker.url).start()
        made.append(server)
        cast = Cast(server)
        cast.alice, cast.bob = cast.known("alice"), cast.known("bob")
        cast.room = cast.project(cast.alice, [cast.bob])
        server.cast = cast
    yield made, broker.url
    for server in made:
        server.cast.hang_up()
        server.close()


@pytest.mark.row(
    "27",
    "two installations with equal ids on one numbered database of Redis; forged words on it",
    "nothing of one reaches the other, and forged words reach nobody",
)
def test_nothing_crosses(installations, row, size):
    (production, staging), url = installations
    here, there = production.cast, staging.cast
    assert (here.room.id, here.bob.id) == (there.room.id, there.bob.id)
    ears = [there.alice.live(), there.bob.live()]
    for live in ears:
        live.join(there.room.id)
    mouth = here.alice.live()
    mouth.join(here.room.id)
    rounds = size(200, 5)
    for _ in range(rounds):
        number = here.room.post(here.alice, "production only, for @bob")["number"]
        mouth.call("typing", {"projectId": here.room.id, "isTyping": True})
        done(here.alice.put(f"{here.room.api}/read", {"number": number}))
    here.room.remove(here.bob)
    done(here.bob.logout())
    forge(url)
    for live in ears:
        for event in SPOKEN_OF:
            live.hears_nothing(event, QUIET_SECONDS / len(SPOKEN_OF))
        assert live.client.connected
    present = done(there.alice.get(there.room.api))["presence"]
    assert {one["name"] for one in present} == {"Alice", "Bob"}
    for server in (production, staging):
        assert "older than what was sent" not in server.log()
        server.wait_for_log("Somebody else speaks on our channel in Redis: dropped 1")
    assert there.room.post(there.alice, "own")["number"]
    assert ears[1].wait_for("new-message")["content"] == "own"
    row.measured(
        f"{rounds} times said, typed and read, one removed, one logged out, 1 forged: 0 crossed"
    )


def forge(url):
    """Say something unsigned on every channel of ours."""
    client = redis.Redis.from_url(url)
    for channel in client.pubsub_channels("projchat:*"):
        client.publish(channel, b'{"from": "x", "what": "disconnect_room", "room": "login:1"}' * 2)
    client.close()
