"""POST /api/projects/<id>/invites: a link into my project."""

from datetime import datetime, timedelta

import pytest

from support.answers import refused


def test_it_works(server, alice, project):
    answer = alice.post(f"{project.api}/invites", {})
    assert answer.status_code == 201
    invite = answer.json()
    assert set(invite) == {
        "id",
        "url",
        "token",
        "createdBy",
        "createdAt",
        "expiresAt",
        "uses",
        "maxUses",
    }
    assert invite["url"] == f"{server.url}/invite/{invite['token']}"
    assert invite["createdBy"] == {"id": alice.id, "name": "Alice"}
    assert len(invite["token"]) >= 32


@pytest.mark.parametrize(("body", "days"), [({}, 7), ({"expiresInDays": 90}, 90)])
def test_it_expires(alice, project, body, days):
    invite = alice.post(f"{project.api}/invites", body).json()
    made, ends = (datetime.fromisoformat(invite[key]) for key in ("createdAt", "expiresAt"))
    assert abs(ends - made - timedelta(days=days)) < timedelta(minutes=1)


def test_each_link_is_its_own(alice, dora, project):
    tokens = {person.post(f"{project.api}/invites", {}).json()["token"] for person in (alice, dora)}
    assert len(tokens) == 2


def test_it_rejects_a_member(bob, project, database):
    with database.unchanged():
        refused(bob.post(f"{project.api}/invites", {}), 403, "role_too_low")


@pytest.mark.parametrize("days", [0, -1, 91, 10**30, "7", 1.5, None, True])
def test_it_rejects_a_time_out_of_range(alice, project, database, days):
    with database.unchanged():
        answer = alice.post(f"{project.api}/invites", {"expiresInDays": days})
        refused(answer, 422, "invalid", "expiresInDays")
