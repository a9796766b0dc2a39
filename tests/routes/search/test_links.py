"""GET /api/projects/<id>/links: where the messages of a project lead, the newest first."""

from support.answers import refused
from support.cast import done


def links(person, project, **params):
    return done(person.get(f"{project.api}/links", params=params))


def urls(person, project, **params):
    return [link["url"] for link in links(person, project, **params)["links"]]


def test_it_works(alice, bob, project):
    project.post(alice, "No link here")
    url = "https://example.org/a?b=1&c=2"
    message = project.post(alice, f"See [the *docs*]({url}), twice: {url}")
    answer = links(bob, project)
    assert answer == {
        "links": [
            {
                "url": url,
                "text": "the docs",
                "messageId": message["id"],
                "number": message["number"],
                "author": {"id": alice.id, "name": "Alice"},
                "createdAt": message["createdAt"],
            }
        ],
        "hasMore": False,
    }


def test_the_newest_come_first_and_in_pages(alice, project):
    for turn in range(3):
        project.post(alice, f"https://example.org/{turn} and https://example.com/{turn}")
    first = links(alice, project, limit=2)
    assert [link["url"][-1] for link in first["links"]] == ["2", "2", "1", "1"]
    assert first["hasMore"] is True
    rest = links(alice, project, before=first["links"][-1]["messageId"])
    assert [link["url"][-1] for link in rest["links"]] == ["0", "0"]
    assert rest["hasMore"] is False


def test_they_follow_an_edit_and_a_deletion(alice, project):
    message = project.post(alice, "https://example.org/old")
    path = f"{project.api}/messages/{message['number']}"
    done(alice.patch(path, {"content": "https://example.org/new"}))
    assert urls(alice, project) == ["https://example.org/new"]
    done(alice.delete(path))
    assert urls(alice, project) == []


def test_what_is_no_link_is_none(alice, project):
    project.post(alice, "`https://example.org` and [x](javascript:alert(1)) and setup.py")
    assert urls(alice, project) == []


def test_it_rejects_outsiders(charlie, frank, anonymous, alice, project):
    project.post(alice, "https://example.org/secret")
    for person in (charlie, frank):
        refused(person.get(f"{project.api}/links"), 404, "not_found")
    refused(anonymous.get(f"{project.api}/links"), 401, "unauthenticated")


def test_it_rejects_a_limit_out_of_range(alice, project):
    for limit in ("0", "101", "x"):
        answer = alice.get(f"{project.api}/links", params={"limit": limit})
        refused(answer, 422, "invalid", "limit")
