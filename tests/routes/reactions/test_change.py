"""PUT and DELETE /api/projects/<id>/messages/<number>/reactions/<emoji>."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from support.answers import refused

TWENTY = "😀😁😂🤣😃😄😅😆😉😊😋😎😍😘😗😙😚🙂🤗🤩"


@pytest.fixture
def message(bob, project):
    return project.post(bob, "Lunch?")


@pytest.fixture
def path(project, message):
    return f"{project.api}/messages/{message['number']}"


def to(path, emoji):
    return f"{path}/reactions/{quote(emoji, safe='')}"


def test_it_works(alice, message, path):
    answer = alice.put(to(path, "👍"))
    assert answer.status_code == 200
    changes = {
        "reactions": [{"emoji": "👍", "userIds": [alice.id]}],
        "version": message["version"] + 1,
    }
    assert answer.json() == {**message, **changes}
    assert alice.get(path).json() == answer.json()


def test_they_stand_in_the_order_of_first_use(alice, bob, path):
    alice.put(to(path, "🎉"))
    bob.put(to(path, "👍"))
    both = bob.put(to(path, "🎉")).json()
    assert both["reactions"] == [
        {"emoji": "🎉", "userIds": [alice.id, bob.id]},
        {"emoji": "👍", "userIds": [bob.id]},
    ]


def test_it_can_be_taken_back(alice, bob, path):
    alice.put(to(path, "🎉"))
    bob.put(to(path, "🎉"))
    assert alice.delete(to(path, "🎉")).json()["reactions"] == [
        {"emoji": "🎉", "userIds": [bob.id]}
    ]
    assert bob.delete(to(path, "🎉")).json()["reactions"] == []


def test_the_members_hear_of_it(alice, bob, charlie, project, path):
    live, outsider = bob.live(), charlie.live()
    live.join(project.id)
    outsider.join(project.id)
    assert alice.put(to(path, "👍")).json() == live.wait_for("message-updated")
    outsider.hears_nothing("message-updated")


def test_who_was_away_catches_up(alice, project, message, path):
    alice.put(to(path, "👍"))
    missed = alice.get(f"{project.api}/messages?since={message['version']}").json()["messages"]
    assert [each["reactions"] for each in missed] == [[{"emoji": "👍", "userIds": [alice.id]}]]


def test_a_second_time_changes_nothing(alice, bob, project, path, database):
    first = alice.put(to(path, "👍")).json()
    live = bob.live()
    live.join(project.id)
    with database.unchanged():
        assert alice.put(to(path, "👍")).json() == first
        assert alice.delete(to(path, "🎉")).json() == first
    live.hears_nothing("message-updated", within=0.2)


def test_one_emoji_has_one_spelling(alice, bob, path):
    alice.put(to(path, "❤️"))
    reactions = bob.put(to(path, "❤")).json()["reactions"]
    assert reactions == [{"emoji": "❤️", "userIds": [alice.id, bob.id]}]


@pytest.mark.parametrize("emoji", ["👩🏽‍🚀", "🏳️‍🌈", "🇫🇮", "#️⃣", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"])
def test_an_emoji_of_several_characters_is_one(alice, path, emoji):
    assert alice.put(to(path, emoji)).json()["reactions"][0]["emoji"] == emoji


@pytest.mark.parametrize(
    "text", ["a", "1", "#", "👍👍", "👍 ", ":+1:", "🏻", "🇫", "\u200d", "👍\0", "<b>", "👍" * 50]
)
def test_it_rejects_what_is_no_single_emoji(alice, path, database, text):
    with database.unchanged():
        refused(alice.put(to(path, text)), 422, "invalid", "emoji")
        refused(alice.delete(to(path, text)), 422, "invalid", "emoji")


def test_it_rejects_a_twenty_first(alice, bob, path, database):
    for emoji in TWENTY:
        assert alice.put(to(path, emoji)).status_code == 200
    with database.unchanged():
        refused(bob.put(to(path, "👍")), 409, "reactions_full")
    assert bob.put(to(path, TWENTY[0])).status_code == 200


def test_many_at_once_lose_nothing(alice, bob, project, message, path):
    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(each.put, to(path, emoji)) for emoji in TWENTY for each in (alice, bob)]
        work.append(pool.submit(bob.patch, path, {"content": "Dinner?"}))
        assert {each.result().status_code for each in work} == {200}
    final = alice.get(path).json()
    assert final["content"] == "Dinner?"
    assert {each["emoji"]: set(each["userIds"]) for each in final["reactions"]} == {
        emoji: {alice.id, bob.id} for emoji in TWENTY
    }
    versions = {each.result().json()["version"] for each in work}
    assert versions == {message["version"] + turn for turn in range(1, 42)}


def test_an_edit_tells_of_a_reaction_that_came_meanwhile(alice, bob, path):
    alice.put(to(path, "👍"))
    edited = bob.patch(path, {"content": "Dinner?"}).json()
    assert edited["reactions"] == [{"emoji": "👍", "userIds": [alice.id]}]


def test_it_does_not_count_as_an_edit(alice, path):
    assert alice.put(to(path, "👍")).json()["editedAt"] is None


def test_a_deleted_message_keeps_none(alice, bob, path):
    alice.put(to(path, "👍"))
    assert bob.delete(path).json()["reactions"] == []


def test_it_rejects_a_deleted_message(alice, bob, path, database):
    bob.delete(path)
    with database.unchanged():
        refused(alice.put(to(path, "👍")), 409, "message_deleted")


def test_it_rejects_what_the_project_says_itself(alice, project, database):
    with database.unchanged():
        refused(alice.put(to(f"{project.api}/messages/1", "👍")), 409, "message_system")


def test_it_rejects_an_archived_project(alice, bob, project, path, database):
    alice.patch(project.api, {"archived": True})
    with database.unchanged():
        refused(bob.put(to(path, "👍")), 409, "project_archived")
        refused(bob.delete(to(path, "👍")), 409, "project_archived")


def test_it_rejects_somebody_removed_in_between(bob, project, path, database):
    project.remove(bob)
    with database.unchanged():
        refused(bob.put(to(path, "👍")), 404, "not_found")


def test_it_rejects_a_message_that_is_not_there(bob, project):
    refused(bob.put(to(f"{project.api}/messages/9999", "👍")), 404, "not_found")
