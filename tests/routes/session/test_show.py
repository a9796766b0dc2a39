"""GET /api/session: who I am."""


def test_it_works(alice):
    answer = alice.get("/api/session")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"csrfToken", "history", "user"}
    assert body["csrfToken"]
    assert set(body["user"]) == {
        "id",
        "username",
        "name",
        "email",
        "locale",
        "isAdmin",
        "showReading",
    }
    assert body["user"]["username"] == "alice"
    assert body["user"]["isAdmin"] is False


def test_it_knows_a_stranger_as_nobody(anonymous):
    answer = anonymous.get("/api/session")
    assert answer.status_code == 200
    assert answer.json()["user"] is None
    assert answer.cookies


def test_its_token_stays_good_when_it_is_asked_for_again(cast):
    person = cast.newcomer()
    first = person.csrf_token
    person.get("/api/session")
    assert person.patch("/api/account", {"name": "Anna"}, csrf=first).ok


def test_a_forged_cookie_is_nobody(anonymous):
    anonymous.http.cookies.set("projchat", "forged.value")
    assert anonymous.get("/api/session").json()["user"] is None
