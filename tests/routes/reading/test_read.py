"""PUT /api/projects/<id>/read: how far I have read."""

import pytest

from support.answers import refused


def last_read(person, project):
    return person.get(project.api).json()["lastReadNumber"]


def test_it_works(alice, bob, project):
    number = project.post(alice, "hello")["number"]
    answer = bob.put(f"{project.api}/read", {"number": number})
    assert answer.status_code == 200
    assert answer.json() == {"lastReadNumber": number}
    assert last_read(bob, project) == number


def test_it_never_goes_back(alice, bob, project):
    number = project.post(alice, "hello")["number"]
    bob.put(f"{project.api}/read", {"number": number})
    assert bob.put(f"{project.api}/read", {"number": 1}).json() == {"lastReadNumber": number}
    assert last_read(bob, project) == number


def test_it_does_not_pass_the_head(alice, bob, project):
    number = project.post(alice, "hello")["number"]
    answer = bob.put(f"{project.api}/read", {"number": number + 1000})
    assert answer.json() == {"lastReadNumber": number}


def test_it_moves_nobody_elses_mark(alice, bob, project):
    number = project.post(alice, "hello")["number"]
    before = last_read(alice, project)
    bob.put(f"{project.api}/read", {"number": number})
    assert last_read(alice, project) == before


@pytest.mark.parametrize("number", [-1, 2**53, 10**30, "1", 1.5, None, True, [1]])
def test_it_rejects_what_is_no_number(bob, project, database, number):
    with database.unchanged():
        refused(bob.put(f"{project.api}/read", {"number": number}), 422, "invalid", "number")


def test_it_rejects_a_missing_number(bob, project):
    refused(bob.put(f"{project.api}/read", {}), 422, "invalid", "number")
