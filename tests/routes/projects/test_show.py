"""GET /api/projects/<id>: one project, with its people."""

import pytest

from support.answers import MISSING_PROJECT, refused


def test_it_works(alice, bob, dora, project):
    body = bob.get(project.api).json()
    assert body["role"] == "member"
    assert [one["id"] for one in body["members"]] == [alice.id, bob.id, dora.id]
    assert [one["role"] for one in body["members"]] == ["owner", "member", "admin"]
    assert set(body["members"][0]) == {
        "id",
        "name",
        "username",
        "role",
        "lastReadNumber",
        "mistakable",
    }
    assert body["presence"] == []


def test_it_tells_who_is_here(alice, bob, project):
    live = bob.live()
    live.join(project.id)
    assert alice.get(project.api).json()["presence"] == [{"id": bob.id, "name": "Bob"}]


def test_it_rejects_an_outsider_like_a_project_that_is_not_there(charlie, project):
    answer, missing = charlie.get(project.api), charlie.get(MISSING_PROJECT)
    refused(answer, 404, "not_found")
    assert answer.content == missing.content


@pytest.mark.parametrize(
    "number", ["0", "-1", "x", "1.5", "%00", "99999999999999999999", "9" * 400, "٣"]
)
def test_it_rejects_what_is_no_project(alice, number):
    refused(alice.get(f"/api/projects/{number}"), 404, "not_found")
