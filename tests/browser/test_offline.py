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

KEPT = """async (path) => {
    const pages = await caches.open("projchat-pages");
    const page = await pages.match(path);
    const late = await pages.match(`/kept${path}`);
    return page && late ? late.text() : "";
}"""
PATHS = """async () => {
    const keys = await (await caches.open("projchat-pages")).keys();
    return keys.map(({url}) => new URL(url).pathname);
}"""


class Scene:
    """A server of our own, that can be stopped; Alice and Bob talk on it."""

    def __init__(self, server: Server, tabs: Tabs) -> None:
        self.server = server
        self.tabs = tabs
        self.cast = Cast(server)
        self.alice, self.bob = self.cast.known("alice"), self.cast.known("bob")
        self.project = self.cast.project(self.alice, [self.bob])
        tabs.allow(*AWAY)

    def open(self, person: Person, path: str | None = None) -> Chat:
        """Open the project, live, with the service worker."""
        page = self.tabs(person, path or self.project.page, service_workers="allow")
        return Chat(page).is_live()


@pytest.fixture
def scene(make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs]) -> Scene:
    server = make_server()
    return Scene(server, make_tabs(server))


def wait_until_kept(page: Page, project: Project, text: str) -> None:
    """Wait until a message is among what is kept."""
    for _ in range(100):
        if text in page.evaluate(KEPT, project.page):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{text!r} was not kept: {page.evaluate(PATHS)}")


def test_the_project_opens_without_a_network_and_what_is_written_waits(scene: Scene):
    scene.project.post(scene.bob, "Before the page")
    chat = scene.open(scene.alice)
    scene.project.post(scene.bob, "After the page <b>came</b>")
    wait_until_kept(chat.page, scene.project, "After the page")
    scene.server.stop()

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
    expect(other.page).to_have_url(re.compile(f"{scene.project.page}$"))
    expect(other.texts).to_have_text([*said, "Written on the train"])
    other.page.goto(f"{scene.project.page}/messages/2")
    expect(other.texts).to_have_text([*said, "Written on the train"])
    other.page.close()

    scene.server.start()
    chat.is_live()
    expect(chat.texts).to_have_text([*said, "Written on the train"])
    expect(chat.page.locator("[data-state=sending]")).to_have_count(0)
    page = scene.bob.get(f"{scene.project.api}/messages").json()
    assert [one["content"] for one in page["messages"]].count("Written on the train") == 1


def test_with_a_network_the_page_is_never_an_old_one(scene: Scene):
    chat = scene.open(scene.alice)
    wait_until_kept(chat.page, scene.project, scene.project.name)
    chat.page.goto("about:blank")
    assert scene.alice.patch(scene.project.api, {"name": "Renamed"}).ok
    chat.page.goto(scene.project.page)
    expect(chat.page).to_have_title(re.compile("Renamed"))


def test_nothing_is_kept_after_the_log_out(scene: Scene):
    scene.project.post(scene.bob, "A secret")
    chat = scene.open(scene.alice)
    wait_until_kept(chat.page, scene.project, "A secret")
    chat.page.locator(".sidebar__person").click()
    chat.page.get_by_text("Log out").click()
    expect(chat.page).to_have_url(re.compile("/login"))
    assert chat.page.evaluate(PATHS) == []
    scene.server.stop()
    with pytest.raises(Error, match="ERR_FAILED"):
        chat.page.goto(scene.project.page)


def test_nothing_is_kept_of_the_person_before(scene: Scene):
    scene.project.post(scene.bob, "A secret")
    chat = scene.open(scene.alice)
    wait_until_kept(chat.page, scene.project, "A secret")
    # Her login ends elsewhere, and somebody else logs in at this browser.
    other = scene.cast.newcomer("other")
    chat.page.context.clear_cookies()
    cookies = [
        {"name": one.name, "value": one.value or "", "url": scene.server.url}
        for one in other.http.cookies
    ]
    chat.page.context.add_cookies(cookies)
    chat.page.goto("/projects")
    for _ in range(50):
        if chat.page.evaluate(PATHS) == ["/owner"]:
            break
        chat.page.wait_for_timeout(100)
    assert chat.page.evaluate(PATHS) == ["/owner"]
    scene.server.stop()
    with pytest.raises(Error, match="ERR_FAILED"):
        chat.page.goto(scene.project.page)


@pytest.mark.parametrize(("locale", "words"), [("en", "Chat that lives"), ("ru", "Чат, который")])
def test_it_can_be_installed(scene: Scene, locale: str, words: str):
    assert scene.alice.patch("/api/session", {"locale": locale}).ok
    page = scene.open(scene.alice).page
    client = page.context.new_cdp_session(page)
    found = client.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"].endswith(f"/manifest/{locale}.webmanifest")
    assert words in found["data"]
    problems = client.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {each["errorId"] for each in problems} <= {"in-incognito"}
