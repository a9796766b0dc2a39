"""DELETE /api/session: logging out."""

from support.answers import refused
from support.person import Person


def test_it_works(cast):
    person = cast.newcomer()
    answer = person.logout()
    assert answer.status_code == 200
    assert answer.json()["user"] is None
    refused(person.get("/api/projects"), 401, "unauthenticated")


def test_a_kept_cookie_is_worth_nothing_afterwards(server, cast):
    person = cast.newcomer()
    thief = Person(server)
    thief.http.cookies.update(person.http.cookies)
    assert thief.get("/api/projects").ok
    person.logout()
    refused(thief.get("/api/projects"), 401, "unauthenticated")


def test_it_leaves_the_other_logins(cast):
    person = cast.newcomer()
    elsewhere = person.again()
    person.logout()
    assert elsewhere.get("/api/projects").ok


def test_its_token_lets_one_log_in_again(cast):
    person = cast.newcomer()
    token = person.logout().json()["csrfToken"]
    body = {"username": person.username, "password": person.password}
    assert person.post("/api/session", body, csrf=token).ok


def test_it_rejects_a_stranger(anonymous):
    refused(anonymous.delete("/api/session"), 401, "unauthenticated")
