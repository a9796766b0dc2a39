"""GET and DELETE /api/projects/<id>/invites: the links that still work."""

import pytest

from support.answers import refused
from support.surgery import execute


def test_it_works(alice, dora, project):
    first = alice.post(f"{project.api}/invites", {}).json()
    second = dora.post(f"{project.api}/invites", {}).json()
    shown = alice.get(f"{project.api}/invites").json()["invites"]
    assert shown[:2] == [second, first]


def test_it_does_not_show_what_has_expired(server, alice, project):
    invite = alice.post(f"{project.api}/invites", {}).json()
    execute(server, "UPDATE invites SET expires_at = '2020-01-01' WHERE id = :id", id=invite["id"])
    ids = [one["id"] for one in alice.get(f"{project.api}/invites").json()["invites"]]
    assert invite["id"] not in ids


def test_it_rejects_a_member(bob, project):
    refused(bob.get(f"{project.api}/invites"), 403, "role_too_low")


def test_it_revokes(alice, dora, project, anonymous):
    invite = alice.post(f"{project.api}/invites", {}).json()
    answer = dora.delete(f"{project.api}/invites/{invite['id']}")
    assert answer.status_code == 204
    refused(anonymous.get(f"/api/invites/{invite['token']}"), 404, "not_found")
    refused(alice.delete(f"{project.api}/invites/{invite['id']}"), 404, "not_found")


def test_it_rejects_to_revoke_for_a_member(alice, bob, project, database):
    invite = alice.post(f"{project.api}/invites", {}).json()
    with database.unchanged():
        refused(bob.delete(f"{project.api}/invites/{invite['id']}"), 403, "role_too_low")


def test_it_rejects_to_revoke_through_another_project(cast, alice, project, database):
    invite = alice.post(f"{project.api}/invites", {}).json()
    other = cast.project(alice)
    with database.unchanged():
        refused(alice.delete(f"{other.api}/invites/{invite['id']}"), 404, "not_found")


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999"])
def test_it_rejects_to_revoke_what_is_not_there(alice, project, number):
    refused(alice.delete(f"{project.api}/invites/{number}"), 404, "not_found")
