"""GET /api/projects/<id>/messages/<number>: one message."""

import pytest

from support.answers import refused


def test_it_works(alice, bob, project):
    message = project.post(alice, "Hello")
    answer = bob.get(f"{project.api}/messages/{message['number']}")
    assert answer.status_code == 200
    assert answer.json() == message


def test_a_deleted_message_keeps_its_place(alice, bob, project):
    number = project.post(alice, "Hello")["number"]
    alice.delete(f"{project.api}/messages/{number}")
    message = bob.get(f"{project.api}/messages/{number}").json()
    assert (message["content"], message["html"]) == ("", "")
    assert message["deletedAt"]


@pytest.mark.parametrize("number", ["0", "-1", "x", "1000", "99999999999999999999", "1.0", "%00"])
def test_it_rejects_what_is_not_there(bob, project, number):
    refused(bob.get(f"{project.api}/messages/{number}"), 404, "not_found")


def test_it_rejects_a_number_of_another_project(cast, alice, bob, project):
    other = cast.project(bob)
    number = [project.post(alice, "one") for _ in range(5)][-1]["number"]
    refused(bob.get(f"{other.api}/messages/{number}"), 404, "not_found")
