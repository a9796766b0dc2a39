"""GET /api/invites/<token>: what the holder of a link may know."""

import pytest

from support.answers import refused
from support.surgery import execute


@pytest.fixture
def invite(alice, project):
    return alice.post(f"{project.api}/invites", {}).json()


def test_it_works(anonymous, project, invite):
    body = anonymous.get(f"/api/invites/{invite['token']}").json()
    assert body == {
        "project": {"id": project.id, "name": project.name},
        "invitedBy": "Alice",
        "expiresAt": invite["expiresAt"],
    }


def test_the_page_says_who_invites(anonymous, project, invite):
    answer = anonymous.get(f"/invite/{invite['token']}")
    assert answer.status_code == 200
    assert project.name in answer.text
    assert "Alice" in answer.text


def test_the_page_of_an_old_link_says_so(server, anonymous, project, invite):
    execute(server, "UPDATE invites SET expires_at = '2020-01-01' WHERE id = :id", id=invite["id"])
    answer = anonymous.get(f"/invite/{invite['token']}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert project.name not in answer.text


def test_it_rejects_what_has_expired(server, anonymous, invite):
    execute(server, "UPDATE invites SET expires_at = '2020-01-01' WHERE id = :id", id=invite["id"])
    refused(anonymous.get(f"/api/invites/{invite['token']}"), 404, "not_found")


@pytest.mark.parametrize("token", ["x", "%00", "%F0%9F%98%80", "%ED%A0%80", "a" * 3000, "'--"])
def test_it_rejects_what_is_no_link(anonymous, token):
    refused(anonymous.get(f"/api/invites/{token}"), 404, "not_found")
    assert anonymous.get(f"/invite/{token}").status_code == 404
