"""PATCH /api/projects/<id>/membership: of what I want to be told."""

import pytest

from support.answers import refused


def test_it_works(alice, bob, project):
    assert bob.get(project.api).json()["notify"] == "all"
    for level in ("mentions", "none", "all", "none"):
        answer = bob.patch(f"{project.api}/membership", {"notify": level})
        assert answer.status_code == 200
        assert answer.json()["notify"] == level
    mine = bob.get("/api/projects").json()["projects"]
    assert next(one["notify"] for one in mine if one["id"] == project.id) == "none"
    assert alice.get(project.api).json()["notify"] == "all"


def test_what_is_not_given_stays(bob, project):
    bob.patch(f"{project.api}/membership", {"notify": "none"})
    assert bob.patch(f"{project.api}/membership", {}).json()["notify"] == "none"


@pytest.mark.parametrize(
    ("body", "field"),
    [({"notify": "some"}, "notify"), ({"notify": 1}, "notify"), ({"role": "owner"}, "role")],
)
def test_it_rejects_malformed_fields(bob, project, database, body, field):
    with database.unchanged():
        refused(bob.patch(f"{project.api}/membership", body), 422, "invalid", field)
