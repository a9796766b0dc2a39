"""PATCH /api/projects/<id>/members/<user>: roles, and handing the project over."""

import pytest

from support.answers import refused


def roles(project):
    members = project.owner.get(project.api).json()["members"]
    return {one["id"]: one["role"] for one in members}


def path(project, person):
    return f"{project.api}/members/{person.id}"


def test_it_works(alice, bob, project):
    answer = alice.patch(path(project, bob), {"role": "admin"})
    assert answer.status_code == 200
    assert roles(project) == {alice.id: "owner", bob.id: "admin"}
    alice.patch(path(project, bob), {"role": "member"})
    assert roles(project) == {alice.id: "owner", bob.id: "member"}


def test_it_hands_the_project_over(alice, bob, project):
    answer = alice.patch(path(project, bob), {"role": "owner"})
    assert answer.status_code == 200
    assert answer.json()["role"] == "admin"
    assert roles(project) == {alice.id: "admin", bob.id: "owner"}


def test_the_room_hears_of_it(alice, bob, project):
    live = bob.live()
    live.join(project.id)
    alice.patch(path(project, bob), {"role": "admin"})
    message = live.wait_for("new-message")
    assert message["author"]["id"] == alice.id
    assert message["event"] == {
        "type": "role-changed",
        "userId": bob.id,
        "userName": "Bob",
        "text": "admin",
    }


def test_the_same_role_makes_no_noise(alice, bob, project, database):
    with database.unchanged():
        assert alice.patch(path(project, bob), {"role": "member"}).ok
        assert alice.patch(path(project, alice), {"role": "owner"}).ok


@pytest.mark.parametrize("role", ["member", "admin", "owner"])
def test_it_rejects_everybody_but_the_owner(alice, bob, dora, project, database, role):
    with database.unchanged():
        for person in (bob, dora):
            for other in (alice, bob, dora):
                answer = person.patch(path(project, other), {"role": role})
                refused(answer, 403, "role_too_low")


@pytest.mark.parametrize("role", ["member", "admin"])
def test_the_owner_cannot_just_step_down(alice, project, database, role):
    with database.unchanged():
        refused(alice.patch(path(project, alice), {"role": role}), 409, "owner_stays")


def test_it_rejects_somebody_who_is_no_member(alice, charlie, frank, project, database):
    with database.unchanged():
        for person in (charlie, frank):
            refused(alice.patch(path(project, person), {"role": "admin"}), 404, "not_found")


@pytest.mark.parametrize("body", [{"role": "god"}, {"role": ""}, {"role": None}, {"role": 1}, {}])
def test_it_rejects_what_is_no_role(alice, bob, project, database, body):
    with database.unchanged():
        refused(alice.patch(path(project, bob), body), 422, "invalid", "role")


def test_it_rejects_an_archived_project(alice, bob, project, database):
    alice.patch(project.api, {"archived": True})
    with database.unchanged():
        refused(alice.patch(path(project, bob), {"role": "admin"}), 409, "project_archived")
