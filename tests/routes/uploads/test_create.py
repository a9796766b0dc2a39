"""POST /api/projects/<id>/uploads: announcing a file."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.answers import refused
from support.cast import Cast
from support.files import begin, picture, post, upload
from support.server import Server
from support.surgery import ask, execute

MEGABYTES_25 = 25 * 1024 * 1024


@pytest.fixture
def path(project):
    return f"{project.api}/uploads"


def test_it_works(bob, project, path):
    answer = bob.post(path, {"name": "plan.pdf", "size": 1000, "type": "application/pdf"})
    assert answer.status_code == 201
    made = answer.json()
    assert len(made.pop("id")) == 32
    assert made == {"name": "plan.pdf", "size": 1000, "offset": 0, "attachment": None}
    assert answer.headers["Upload-Offset"] == "0"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("отчёт за март.docx", "отчёт за март.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\bob\\plan.pdf", "plan.pdf"),
        ("..", "file"),
        ("/", "file"),
        ("", "file"),
        ("a\r\nb\0\x1bc.txt", "abc.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u2066\u200f\u2028b.txt", "ab.txt"),
        ("👩\u200d💻.png", "👩\u200d💻.png"),
        ("e\u0301.txt", "é.txt"),
        ("  a   b .txt ", "a b .txt"),
        ('"quoted"; x=y.txt', '"quoted"; x=y.txt'),
        ("x" * 300 + ".jpeg", "x" * 195 + ".jpeg"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_show_as_they_are_written(bob, path, given, kept):
    assert bob.post(path, {"name": given, "size": 1}).json()["name"] == kept


def test_a_file_that_is_too_large_is_refused_before_a_byte_of_it_comes(bob, path, database):
    with database.unchanged():
        for size in (MEGABYTES_25 + 1, 2**53 - 1):
            refused(bob.post(path, {"name": "a", "size": size}), 413, "too_large", "size")
    assert bob.post(path, {"name": "a", "size": MEGABYTES_25}).status_code == 201


def test_it_rejects_an_empty_file(bob, path, database):
    with database.unchanged():
        error = refused(bob.post(path, {"name": "a", "size": 0}), 422, "invalid", "size")
    assert error["fields"]["size"] == "The file is empty."


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"size": 1}, "name"),
        ({"name": "a"}, "size"),
        ({"name": 5, "size": 1}, "name"),
        ({"name": "a" * 1001, "size": 1}, "name"),
        ({"name": "a", "size": "1"}, "size"),
        ({"name": "a", "size": 1.5}, "size"),
        ({"name": "a", "size": -1}, "size"),
        ({"name": "a", "size": 10**40}, "size"),
        ({"name": "a", "size": 1, "id": "0" * 32}, "id"),
    ],
)
def test_it_rejects_malformed_fields(bob, path, database, body, field):
    with database.unchanged():
        refused(bob.post(path, body), 422, "invalid", field)


def test_it_rejects_an_archived_project(alice, bob, project, path):
    alice.patch(project.api, {"archived": True})
    refused(bob.post(path, {"name": "a", "size": 1}), 409, "project_archived")


def test_it_rejects_more_files_than_anybody_needs_to_send(cast, alice):
    person = cast.newcomer()
    project = cast.project(alice, [person])
    for number in range(40):
        begin(person, project, f"{number}.txt", 1)
    answer = person.post(f"{project.api}/uploads", {"name": "a", "size": 1})
    refused(answer, 409, "uploads_waiting")
    begin(alice, project, "hers.txt", 1)


def test_it_rejects_more_than_ones_share(make_server):
    small = Cast(make_server(PROJCHAT_UPLOAD_QUOTA="1000", PROJCHAT_UPLOAD_BYTES="900"))
    olga = small.administrator()
    project = small.project(olga)
    path = f"{project.api}/uploads"
    refused(olga.post(path, {"name": "a", "size": 901}), 413, "too_large", "size")
    file = upload(olga, project, "a.png", picture())
    number = post(olga, project, file)["number"]
    refused(olga.post(path, {"name": "a", "size": 900}), 409, "upload_quota")
    olga.delete(f"{project.api}/messages/{number}")
    assert olga.post(path, {"name": "a", "size": 900}).status_code == 201


@pytest.fixture(scope="module")
def narrow(tmp_path_factory, backend):
    """People on a server with little room for files."""
    quotas = {
        "PROJCHAT_UPLOAD_BYTES": "900",
        "PROJCHAT_UPLOAD_QUOTA_PROJECT": "1500",
        "PROJCHAT_UPLOAD_QUOTA_TOTAL": "3000",
    }
    server = Server(tmp_path_factory.mktemp("narrow"), backend, **quotas)
    try:
        yield Cast(server.start())
    finally:
        server.close()


def announce(person, project, size):
    """Announce a file."""
    return person.post(f"{project.api}/uploads", {"name": "a", "size": size})


def test_rejects_what_exceeds_the_quotas_of_project_and_server(narrow):
    owner, member = narrow.known("alice"), narrow.known("bob")
    project, second, third = (narrow.project(owner, [member]) for _ in range(3))
    first = announce(owner, project, 900)
    assert first.status_code == 201
    error = refused(announce(member, project, 601), 409, "upload_quota_project")
    assert error["message"] == "The project's files take up all its room. Delete some first."
    assert announce(member, project, 600).status_code == 201
    assert announce(member, second, 900).status_code == 201
    assert announce(member, second, 600).status_code == 201
    refused(announce(owner, second, 1), 409, "upload_quota_project")
    refused(announce(owner, third, 1), 409, "upload_quota_total")
    assert owner.delete(f"{project.api}/uploads/{first.json()['id']}").ok
    assert announce(owner, third, 900).status_code == 201
    refused(announce(owner, project, 1), 409, "upload_quota_total")
    clean(narrow)


def clean(narrow):
    """Give up all files, and see that the kept sums agree with the files."""
    server = narrow.known("alice").server
    kept = "SELECT bytes FROM upload_totals WHERE project_id = 0"
    assert ask(server, kept) == ask(server, "SELECT sum(size) FROM uploads")
    execute(server, "UPDATE uploads SET created_at = '2020-01-01 00:00:00'")
    done = server.command("uploads", "clean")
    assert done.returncode == 0, done.stderr
    assert ask(server, "SELECT coalesce(sum(bytes), 0) FROM upload_totals") == 0


def test_deleting_a_message_gives_the_room_back(narrow):
    owner = narrow.known("alice")
    project = narrow.project(owner)
    file = upload(owner, project, "a.txt", b"x" * 900)
    number = post(owner, project, file)["number"]
    refused(announce(owner, project, 700), 409, "upload_quota_project")
    assert owner.delete(f"{project.api}/messages/{number}").ok
    assert announce(owner, project, 700).status_code == 201
    clean(narrow)


def test_two_at_once_do_not_exceed_a_quota(narrow):
    people = [narrow.known("alice"), narrow.known("bob")]
    project = narrow.project(people[0], people[1:])
    for person in people:
        person.get("/api/session")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda turn: announce(people[turn % 2], project, 400), range(8)))
    assert sorted(each.status_code for each in made) == [201] * 3 + [409] * 5
    clean(narrow)


def test_the_command_counts_anew_what_an_older_version_did_not(narrow):
    owner = narrow.known("alice")
    assert announce(owner, narrow.project(owner), 500).status_code == 201
    execute(owner.server, "UPDATE upload_totals SET bytes = 7")
    assert owner.server.command("uploads", "clean").returncode == 0
    kept = "SELECT bytes FROM upload_totals WHERE project_id = 0"
    assert ask(owner.server, kept) == 500
    clean(narrow)
