"""The pages: GET only, and nothing of others on them."""

import json
import re

import pytest


def page_data(answer):
    found = re.search(r'<script type="application/json" id="page-data">(.+?)</script>', answer.text)
    return json.loads(found[1])


@pytest.mark.parametrize("path", ["/projects", "/projects/new", "/account", "/api/docs"])
def test_it_works(alice, path):
    answer = alice.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_the_chat_carries_what_it_shows(alice, bob, project):
    message = project.post(alice, "Hello")
    data = page_data(bob.get(project.page))
    assert data["viewer"]["id"] == bob.id
    assert data["project"]["id"] == project.id
    assert data["page"]["messages"][-1] == message
    assert data["page"]["version"] == message["version"]
    assert data["focusNumber"] is None


def test_it_opens_at_the_first_unread(cast, alice, bob):
    project = cast.project(alice, [bob])
    for number in range(120):
        project.post(alice, f"message {number}")
    bob.put(f"{project.api}/read", {"number": 40})
    numbers = [one["number"] for one in page_data(bob.get(project.page))["page"]["messages"]]
    assert 41 in numbers
    assert len(numbers) <= 50


def test_it_opens_at_the_message_of_a_link(alice, bob, project):
    number = project.post(alice, "Look here")["number"]
    data = page_data(bob.get(f"{project.page}/messages/{number}"))
    assert data["focusNumber"] == number
    assert number in [one["number"] for one in data["page"]["messages"]]


@pytest.mark.parametrize("number", ["0", "1000", "-1", "x", "99999999999999999999"])
def test_a_link_to_no_message_leads_nowhere(bob, project, number):
    answer = bob.get(f"{project.page}/messages/{number}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_what_people_write_cannot_leave_the_data_block(alice, bob, project):
    project.post(alice, "</script><script>alert(1)</script><!--")
    alice.patch(project.api, {"name": "</script><b>"})
    answer = bob.get(project.page)
    assert page_data(answer)["project"]["name"] == "</script><b>"
    assert "<script>alert" not in answer.text
    assert "</script><b>" not in answer.text


def test_home_is_the_project_i_was_in_last(cast, alice):
    person = cast.newcomer()
    first, second = cast.project(person), cast.project(person)
    assert person.get("/").headers["Location"] == "/projects"
    person.get(first.page)
    assert person.get("/").headers["Location"] == first.page
    person.get(second.page)
    assert person.get("/").headers["Location"] == second.page


def test_home_is_no_project_that_i_have_left(cast, alice):
    person = cast.newcomer()
    project = cast.project(alice, [person])
    person.get(project.page)
    project.remove(person)
    assert person.get("/").headers["Location"] == "/projects"


def test_strangers_are_led_to_the_login_and_back(anonymous, project):
    answer = anonymous.get(f"{project.page}?a=b")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login?next=")
    assert f"/projects/{project.id}" in anonymous.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "%2F%2Fevil.example",
        "",
    ],
)
def test_the_way_on_stays_on_this_site(alice, anonymous, target):
    answer = alice.get("/login", params={"next": target})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    assert "evil" not in anonymous.get("/login", params={"next": target}).text


def test_the_way_on_is_kept(alice):
    assert alice.get("/login?next=/projects/5?a=b").headers["Location"] == "/projects/5?a=b"


def test_settings_show_invites_to_those_who_manage(alice, bob, project):
    token = alice.post(f"{project.api}/invites", {}).json()["token"]
    assert token in alice.get(f"{project.page}/settings").text
    assert token not in bob.get(f"{project.page}/settings").text


def test_an_unknown_page_is_told_as_a_page(anonymous):
    answer = anonymous.get("/nothing")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
