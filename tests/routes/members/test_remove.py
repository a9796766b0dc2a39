"""DELETE /api/projects/<id>/members/<user>: removing somebody, or leaving."""

import pytest

from support.answers import refused


def path(project, person):
    return f"{project.api}/members/{person.id}"


def members(project):
    return [one["id"] for one in project.owner.get(project.api).json()["members"]]


def newest_event(project):
    answer = project.owner.get(f"{project.api}/messages", params={"limit": 1})
    return answer.json()["messages"][0]["event"]["type"]


def test_it_works(alice, bob, project):
    answer = alice.delete(path(project, bob))
    assert answer.status_code == 204
    assert members(project) == [alice.id]
    assert newest_event(project) == "member-removed"
    refused(bob.get(project.api), 404, "not_found")


def test_one_may_leave(alice, bob, project):
    assert bob.delete(path(project, bob)).status_code == 204
    assert members(project) == [alice.id]
    assert newest_event(project) == "member-left"
    refused(bob.get(f"{project.api}/messages"), 404, "not_found")


def test_an_administrator_may_remove_a_member(bob, dora, project):
    assert dora.delete(path(project, bob)).status_code == 204


def test_what_they_wrote_stays(alice, bob, project):
    number = project.post(bob, "I was here")["number"]
    alice.delete(path(project, bob))
    message = alice.get(f"{project.api}/messages/{number}").json()
    assert message["content"] == "I was here"
    assert message["author"]["name"] == "Bob"


def test_their_invites_end_with_them(alice, dora, project, anonymous):
    token = dora.post(f"{project.api}/invites", {}).json()["token"]
    alice.delete(path(project, dora))
    refused(anonymous.get(f"/api/invites/{token}"), 404, "not_found")


def test_one_may_come_back(alice, bob, project):
    alice.delete(path(project, bob))
    project.admit(bob)
    assert members(project) == [alice.id, bob.id]


def test_the_owner_cannot_leave(alice, project, database):
    with database.unchanged():
        refused(alice.delete(path(project, alice)), 409, "owner_stays")


def test_a_member_cannot_remove_anybody(alice, bob, dora, project, database):
    with database.unchanged():
        for other in (alice, dora):
            refused(bob.delete(path(project, other)), 403, "role_too_low")


def test_an_administrator_cannot_remove_another_or_the_owner(cast, alice, dora, project, database):
    other = cast.known("eve")
    project.admit(other)
    project.promote(other)
    with database.unchanged():
        refused(dora.delete(path(project, other)), 403, "role_too_low")
        refused(dora.delete(path(project, alice)), 403, "role_too_low")


def test_it_rejects_somebody_who_is_no_member(alice, charlie, frank, project, database):
    with database.unchanged():
        for person in (charlie, frank):
            refused(alice.delete(path(project, person)), 404, "not_found")


@pytest.mark.parametrize("user", ["0", "-1", "me", "99999999999999999999"])
def test_it_rejects_what_is_nobody(alice, project, user):
    refused(alice.delete(f"{project.api}/members/{user}"), 404, "not_found")


def test_one_may_go_or_be_removed_where_nobody_writes_any_more(cast, alice, bob, project):
    eve = cast.known("eve")
    project.admit(eve)
    assert alice.patch(project.api, {"archived": True}).ok
    assert bob.delete(path(project, bob)).status_code == 204
    assert alice.delete(path(project, eve)).status_code == 204
    assert members(project) == [alice.id]


def test_the_links_that_a_manager_saw_open_nothing_after_their_removal(alice, dora, project):
    token = alice.post(f"{project.api}/invites", {}).json()["token"]
    assert token in [one["token"] for one in dora.get(f"{project.api}/invites").json()["invites"]]
    alice.delete(path(project, dora))
    refused(dora.post(f"/api/invites/{token}", {}), 404, "not_found")
    renewed = alice.get(f"{project.api}/invites").json()["invites"][0]["token"]
    assert renewed != token
    assert dora.post(f"/api/invites/{renewed}", {}).ok


def test_a_link_of_somebody_who_manages_no_more_opens_nothing(alice, charlie, dora, project):
    token = dora.post(f"{project.api}/invites", {}).json()["token"]
    alice.patch(path(project, dora), {"role": "member"})
    refused(charlie.post(f"/api/invites/{token}", {}), 404, "not_found")
    theirs = alice.get(f"{project.api}/invites").json()["invites"][0]["token"]
    refused(charlie.post(f"/api/invites/{theirs}", {}), 404, "not_found")
