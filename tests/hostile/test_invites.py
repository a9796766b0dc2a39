"""A link lets in as many as its maker said, however many come at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.answers import refused
from support.person import PASSWORD, Person

TRIES = 6


def link(project, **fields) -> dict:
    answer = project.owner.post(f"{project.api}/invites", fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(project) -> list[dict]:
    return project.owner.get(f"{project.api}/invites").json()["invites"]


def test_each_newcomer_is_counted_and_the_last_place_closes_the_link(cast, project, server):
    made = link(project, maxUses=2)
    assert (made["uses"], made["maxUses"]) == (0, 2)
    assert cast.newcomer().post(f"/api/invites/{made['token']}", {}).status_code == 200
    assert [each["uses"] for each in listed(project) if each["id"] == made["id"]] == [1]
    assert cast.newcomer().post(f"/api/invites/{made['token']}", {}).status_code == 200
    late = cast.newcomer()
    refused(late.post(f"/api/invites/{made['token']}", {}), 404, "not_found")
    assert late.get(f"/api/invites/{made['token']}").status_code == 404
    assert late.get(f"/invite/{made['token']}").status_code == 404
    assert made["id"] not in [each["id"] for each in listed(project)]
    assert late.get(project.api).status_code == 404


def test_who_is_in_already_takes_no_place(bob, project, cast):
    made = link(project, maxUses=1)
    for _ in range(2):
        assert bob.post(f"/api/invites/{made['token']}", {}).status_code == 200
    assert cast.newcomer().post(f"/api/invites/{made['token']}", {}).status_code == 200


def test_of_many_at_once_only_as_many_come_in(server, cast, project):
    made = link(project, maxUses=2)
    people = [cast.newcomer() for _ in range(TRIES)]
    with ThreadPoolExecutor(TRIES) as pool:
        answers = list(pool.map(lambda one: one.post(f"/api/invites/{made['token']}", {}), people))
    assert sorted(each.status_code for each in answers) == [200] * 2 + [404] * (TRIES - 2)
    inside = [one for one in people if one.get(project.api).status_code == 200]
    assert len(inside) == 2


def test_a_link_that_is_used_up_makes_no_account(server, project, cast, database):
    made = link(project, maxUses=1)
    assert cast.newcomer().post(f"/api/invites/{made['token']}", {}).status_code == 200
    stranger = Person(server, "too-late")
    stranger.get("/api/session")
    with database.unchanged():
        answer = stranger.post(
            f"/api/invites/{made['token']}", {"username": "too-late", "password": PASSWORD}
        )
        refused(answer, 404, "not_found")
    assert stranger.get("/api/session").json()["user"] is None


@pytest.mark.parametrize("uses", [0, -1, 1001, "3", 1.5, None])
def test_it_rejects_a_count_that_is_none(project, database, uses):
    with database.unchanged():
        refused(
            project.owner.post(f"{project.api}/invites", {"maxUses": uses}),
            422,
            "invalid",
            "maxUses",
        )
