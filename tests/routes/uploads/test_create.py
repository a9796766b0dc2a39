"""POST /api/projects/<id>/uploads: announcing a file."""

import pytest

from support.answers import refused
from support.cast import Cast
from support.files import begin, picture, post, upload

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
