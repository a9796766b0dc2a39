"""GET /api/projects/<id>/search and /api/search: what was written, the newest first."""

import pytest

from support.answers import refused
from support.cast import done
from support.files import post, upload


def search(person, query, project=None, **params):
    where = project.api if project else "/api"
    return person.get(f"{where}/search", params={"q": query, **params})


def found(person, query, project=None, **params):
    answer = done(search(person, query, project, **params))
    return [one["number"] for one in answer["results"]]


def found_in_all(person, query):
    """Everything, also where one answer would have taken too long: alice has many projects."""
    answer = done(search(person, query))
    results = answer["results"]
    while answer["hasMore"]:
        answer = done(search(person, query, before=answer["next"]))
        results += answer["results"]
    return results


def marked(result):
    return [result["excerpt"][start:end] for start, end in result["marks"]]


def test_it_works(alice, bob, project):
    message = project.post(alice, "Сегодня **созвон** в 11:00")
    project.post(alice, "Something else")
    answer = done(search(bob, "СОЗВ сег", project))
    assert set(answer) == {"results", "hasMore", "incomplete", "next"}
    assert (answer["hasMore"], answer["incomplete"], answer["next"]) == (False, False, None)
    [result] = answer["results"]
    assert {**result, **message} == result
    assert result["projectName"] == project.name
    assert result["excerpt"] == "Сегодня созвон в 11:00"
    assert marked(result) == ["Сег", "созв"]


def test_the_excerpt_is_around_the_mark(alice, project):
    project.post(alice, "Всякое. " * 100 + "👍 ﬁne needle <b>here</b> " + "и ещё. " * 100)
    [result] = done(search(alice, "Needle FINE", project))["results"]
    assert len(result["excerpt"]) < 200
    assert result["excerpt"].startswith("…")
    assert result["excerpt"].endswith("…")
    assert "needle <b>here</b>" in result["excerpt"]
    assert marked(result) == ["ﬁne", "needle"]


def test_it_gives_pages(alice, project):
    numbers = [project.post(alice, f"page {turn}")["number"] for turn in range(5)]
    first = done(search(alice, "page", project, limit=2))
    assert first["hasMore"] is True
    seen = [one["number"] for one in first["results"]]
    last = first["results"][-1]["id"]
    assert (first["next"], first["incomplete"]) == (last, False)
    seen += found(alice, "page", project, limit=10, before=last)
    assert seen == numbers[::-1]


def test_it_follows_an_edit_and_a_deletion(alice, project):
    message = project.post(alice, "first thoughts")
    path = f"{project.api}/messages/{message['number']}"
    done(alice.patch(path, {"content": "second thoughts"}))
    assert found(alice, "first", project) == []
    assert found(alice, "second", project) == [message["number"]]
    done(alice.delete(path))
    assert found(alice, "second", project) == []
    assert found(alice, "from:alice", project) == []


def test_files_are_found_until_their_message_is_deleted(alice, bob, project):
    number = post(alice, project, upload(alice, project, "plan.txt"))["number"]
    words = post(alice, project, upload(alice, project), content="The plan")["number"]
    project.post(alice, "The plan without a file")
    assert found(bob, "has:file", project) == [words, number]
    assert found(bob, "has:file plan", project) == [words]
    assert done(search(bob, "has:file", project))["results"][1]["excerpt"] == "plan.txt"
    done(alice.patch(f"{project.api}/messages/{words}", {"content": "The map"}))
    assert found(bob, "has:file map", project) == [words]
    done(alice.delete(f"{project.api}/messages/{words}"))
    assert found(bob, "has:file", project) == [number]


def test_a_repeated_send_is_found_once(alice, project):
    for _ in range(2):
        done(alice.post(f"{project.api}/messages", {"content": "twice", "clientId": "s-twice"}))
    assert len(found(alice, "twice", project)) == 1


def test_what_happens_to_the_project_is_not_found(alice, project):
    assert found(alice, project.name.split()[-1], project) == []
    assert found(alice, "joined", project) == []


def test_everywhere_means_in_all_my_projects(cast, alice, bob, project):
    other, foreign = cast.project(alice, [bob]), cast.project(alice)
    for each in (project, other, foreign):
        each.post(alice, "ubiquitous")
    results = found_in_all(bob, "ubiquit")
    assert [one["projectId"] for one in results[:2]] == [other.id, project.id]
    assert [one["projectName"] for one in results[:2]] == [other.name, project.name]
    assert foreign.id not in {one["projectId"] for one in results}


def test_it_never_reaches_an_outsider_or_a_former_member(alice, bob, charlie, project):
    project.post(alice, "confidentially")
    assert found(bob, "confidentially", project)
    project.remove(bob)
    for person in (bob, charlie):
        refused(search(person, "confidentially", project), 404, "not_found")
        assert found_in_all(person, "confidentially") == []


def test_who_has_left_is_still_found_by_their_username(alice, project, frank):
    project.admit(frank)
    number = project.post(frank, "I was here")["number"]
    project.remove(frank)
    assert found(alice, "from:frank", project) == [number]


def test_days_begin_where_the_reader_is(alice, project, database):
    number = project.post(alice, "a day")["number"]
    day = str(database.value("SELECT max(created_at) FROM messages"))[:10]
    assert found(alice, f"after:{day}", project, zone=0) == [number]
    assert found(alice, f"before:{day}", project, zone=0) == []
    east = found(alice, f"after:{day}", project, zone=900)
    west = found(alice, f"before:{day}", project, zone=-900)
    assert east == [number] or west == [number]


def test_a_search_changes_nothing(alice, project, database):
    with database.unchanged():
        search(alice, "'; DELETE FROM messages; --", project)


LANGUAGE = ['"', "'", "%", "{", "\\", "a*", "-a", "^a", "a:b", "(a", "OR", '"a"b', "NEAR(a,2)"]


@pytest.mark.parametrize("query", LANGUAGE)
def test_the_language_of_the_database_is_plain_text(alice, project, query):
    number = project.post(alice, f"They wrote {query} there")["number"]
    assert found(alice, f"wrote {query}", project) == [number]


@pytest.mark.parametrize("query", ["x" * 10_000, "word " * 2_000, "", "(" * 501])
def test_it_rejects_a_query_that_is_too_long_or_nothing(alice, project, query):
    refused(search(alice, query, project), 422, "invalid", "q")
    refused(search(alice, query), 422, "invalid", "q")


@pytest.mark.parametrize("query", ["x" * 500, "a " * 250, "\0", "\u202e", "   ", "a" + "́" * 400])
def test_it_answers_the_strangest_query(alice, project, query):
    assert search(alice, query, project).status_code == 200


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"before": 0}, "before"),
        ({"before": "x"}, "before"),
        ({"zone": 901}, "zone"),
        ({"sort": "old"}, "sort"),
    ],
)
def test_it_rejects_what_it_does_not_understand(alice, project, params, field):
    refused(search(alice, "hello", project, **params), 422, "invalid", field)
    refused(search(alice, "hello", **params), 422, "invalid", field)


def test_it_rejects_somebody_not_logged_in(anonymous, project):
    refused(search(anonymous, "hello", project), 401, "unauthenticated")
    refused(search(anonymous, "hello"), 401, "unauthenticated")
