"""GET /api/projects: my projects."""


def test_it_works(cast, bob):
    person = cast.newcomer()
    second = cast.project(person, [bob], name="beta")
    first = cast.project(person, [bob], name="Alpha")
    first.post(bob, "one")
    first.post(bob, "two")
    projects = person.get("/api/projects").json()["projects"]
    assert [one["id"] for one in projects] == [first.id, second.id]
    assert set(projects[0]) == {
        "id",
        "name",
        "description",
        "createdAt",
        "archivedAt",
        "messageCount",
        "version",
        "role",
        "lastReadNumber",
        "unread",
        "mentions",
        "notify",
    }


def test_it_counts_what_is_unread(cast, alice, bob):
    project = cast.project(alice, [bob])

    def unread(person):
        mine = person.get("/api/projects").json()["projects"]
        return next(one["unread"] for one in mine if one["id"] == project.id)

    person_before = unread(alice)
    project.post(bob, "one")
    project.post(bob, "two")
    assert unread(alice) == person_before + 2
    assert unread(bob) == 0
    project.post(alice, "three")
    assert unread(alice) == 0
    assert unread(bob) == 1


def test_archived_ones_come_last(cast):
    person = cast.newcomer()
    first = cast.project(person, name="a")
    second = cast.project(person, name="b")
    person.patch(first.api, {"archived": True})
    mine = person.get("/api/projects").json()["projects"]
    assert [one["id"] for one in mine] == [second.id, first.id]


def test_it_does_not_show_those_of_others(charlie, frank, project):
    for person in (charlie, frank):
        ids = [one["id"] for one in person.get("/api/projects").json()["projects"]]
        assert project.id not in ids


def test_it_shows_nothing_of_others_to_the_administrator_of_the_server(cast, project):
    mine = cast.administrator().get("/api/projects").json()["projects"]
    assert project.id not in [one["id"] for one in mine]
