"""Installed, and without a network: the page opens with what was last there."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Error, Page, expect

from support.browser import Tabs
from support.cast import Cast, Project
from support.chat import AWAY, Chat
from support.person import Person
from support.server import Server

PATHS = """async () => {
    const keys = await (await caches.open("projchat-pages")).keys();
    return keys.map(({url}) => new URL(url).pathname);
}"""


def test_the_project_opens_without_a_network_and_what_is_written_waits(
    make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs]
):
    server = make_server()
    tabs = make_tabs(server)
    tabs.allow(*AWAY)
    cast = Cast(server)
    alice, bob = cast.known("alice"), cast.known("bob")
    project = cast.project(alice, [bob])
    project.post(bob, "Before the page")
    chat = Chat(tabs(alice, project.page, service_workers="allow")).is_live()
    project.post(bob, "After the page <b>came</b>")
    chat.is_kept(project, "After the page")
    server.stop()

    chat.page.reload()
    chat.is_offline()
    expect(chat.light).to_have_text(re.compile(r"offline since \d+:\d\d"))
    said = ["Before the page", "After the page <b>came</b>"]
    expect(chat.texts).to_have_text(said)
    chat.say("Written on the train")
    expect(chat.page.locator("[data-state=sending]")).to_have_count(1)
    expect(chat.light).to_have_text(re.compile("1 waiting"))

    other = Chat(chat.page.context.new_page())
    other.page.goto("/")
    expect(other.page).to_have_url(re.compile(f"{project.page}$"))
    expect(other.texts).to_have_text([*said, "Written on the train"])
    other.page.goto(f"{project.page}/messages/2")
    expect(other.texts).to_have_text([*said, "Written on the train"])
    other.page.close()

    server.start()
    chat.is_live()
    expect(chat.texts).to_have_text([*said, "Written on the train"])
    expect(chat.page.locator("[data-state=sending]")).to_have_count(0)
    page = bob.get(f"{project.api}/messages").json()
    assert [one["content"] for one in page["messages"]].count("Written on the train") == 1


@pytest.fixture
def kept(page_for: Tabs, project: Project, alice: Person, bob: Person) -> Chat:
    """Alice's project, kept for a time without a network, with a secret in it."""
    page_for.allow(*AWAY, "status of 404")
    project.post(bob, "A secret")
    chat = Chat(page_for(alice.again(), project.page, service_workers="allow")).is_live()
    chat.is_kept(project, "A secret")
    return chat


def does_not_open(page: Page, project: Project) -> None:
    """Without a network there is nothing."""
    page.context.set_offline(True)
    with pytest.raises(Error, match="ERR_"):
        page.goto(project.page)


def keeps(page: Page, paths: list[str]) -> None:
    """Wait until this is all that the browser keeps."""
    for _ in range(50):
        try:
            if page.evaluate(PATHS) == paths:
                return
        except Error:
            pass  # It was leaving for another page.
        page.wait_for_timeout(100)
    assert page.evaluate(PATHS) == paths


def log_in_as(page: Page, person: Person) -> None:
    """Put another person's cookies into the browser."""
    cookies = [
        {"name": one.name, "value": one.value or "", "url": person.server.url}
        for one in person.http.cookies
    ]
    page.context.clear_cookies()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]


def test_with_a_network_the_page_is_never_an_old_one(kept: Chat, project: Project, alice: Person):
    kept.page.goto("about:blank")
    assert alice.patch(project.api, {"name": "Renamed"}).ok
    kept.page.goto(project.page)
    expect(kept.page).to_have_title(re.compile("Renamed"))


def test_nothing_is_kept_after_the_log_out(kept: Chat, project: Project):
    kept.page.locator(".sidebar__person").click()
    kept.page.get_by_text("Log out").click()
    expect(kept.page).to_have_url(re.compile("/login"))
    assert kept.page.evaluate(PATHS) == []
    does_not_open(kept.page, project)


def test_nothing_is_kept_of_the_person_before(kept: Chat, project: Project, charlie: Person):
    log_in_as(kept.page, charlie)
    kept.page.goto("/projects")
    keeps(kept.page, ["/owner"])
    does_not_open(kept.page, project)


def test_nothing_is_kept_after_the_login_has_ended_elsewhere(
    kept: Chat, project: Project, alice: Person
):
    assert alice.again().delete("/api/account/sessions").ok
    keeps(kept.page, [])
    does_not_open(kept.page, project)


def test_nothing_is_kept_of_the_person_before_who_is_met_past_the_service_worker(
    kept: Chat, project: Project, charlie: Person
):
    log_in_as(kept.page, charlie)
    # As a reload with Shift does it.
    kept.page.context.new_cdp_session(kept.page).send("Page.reload", {"ignoreCache": True})
    keeps(kept.page, [])


@pytest.fixture
def member(page_for: Tabs, project: Project, bob: Person) -> Chat:
    """Bob's browser, which has kept the project of which he is a member."""
    page_for.allow(*AWAY, "status of 404")
    chat = Chat(page_for(bob.again(), project.page, service_workers="allow")).is_live()
    project.post(bob, "A secret")
    chat.is_kept(project, "A secret")
    return chat


def test_whoever_is_removed_keeps_nothing_of_the_project(
    member: Chat, project: Project, bob: Person
):
    project.remove(bob)
    expect(member.light).to_have_attribute("data-state", "closed")
    keeps(member.page, ["/owner"])
    member.hide(True)
    member.page.wait_for_timeout(500)
    keeps(member.page, ["/owner"])
    does_not_open(member.page, project)


@pytest.mark.parametrize("path", ["/projects", "the project itself"])
def test_whoever_was_removed_while_away_keeps_nothing_once_a_page_comes(
    member: Chat, project: Project, bob: Person, path: str
):
    member.page.goto("about:blank")
    project.remove(bob)
    member.page.goto(project.page if path == "the project itself" else path)
    keeps(member.page, ["/owner"])
    does_not_open(member.page, project)


def test_whoever_was_removed_elsewhere_keeps_nothing_once_the_list_is_asked_for(
    member: Chat, project: Project, bob: Person
):
    member.page.goto("/projects")
    project.remove(bob)
    member.hide(False)
    keeps(member.page, ["/owner"])


def test_it_can_be_installed(page_for: Tabs, project: Project, alice: Person):
    page = page_for(alice, project.page, service_workers="allow", locale="ru-RU")
    Chat(page).is_live()
    client = page.context.new_cdp_session(page)
    found = client.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"].endswith("/manifest/ru.webmanifest")
    assert "Чат, который" in found["data"]
    problems = client.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {each["errorId"] for each in problems} <= {"in-incognito"}
