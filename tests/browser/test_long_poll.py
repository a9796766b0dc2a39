"""The page behind a network that lets no WebSocket through: amber, and as good as HTTP allows."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from conftest import RESULTS
from faults.proxy import FaultProxy
from faults.scene import Way
from support.browser import Tabs
from support.cast import Cast, Project
from support.chat import AWAY, Chat
from support.person import Person
from support.server import Server

SOON = 10_000
BLOCKED = "Live connections are blocked here; messages may be a little late."
WORDS = {"en-US": ("delayed", BLOCKED), "ru-RU": ("с задержкой", "Постоянные соединения")}


@pytest.fixture
def network(server: Server) -> Iterator[FaultProxy]:
    """A way to the server on which every WebSocket is refused."""
    proxy = FaultProxy(server.port)
    proxy.websockets = "refused"
    yield proxy
    proxy.close()


@pytest.fixture
def open_page(network: FaultProxy, make_tabs: Callable[..., Tabs]) -> Callable[..., Page]:
    """Open pages that come by this network, with a clock that can be moved on."""
    tabs = make_tabs(Way(network.url))
    tabs.allow(*AWAY, r"status of 40[14]")

    def open_page(person: Person, project: Project, **options: Any) -> Page:
        page = tabs(person, **options)
        page.clock.install()
        page.goto(project.page)
        return page

    return open_page


def is_delayed(page: Page) -> Chat:
    """Wait for the amber light."""
    chat = Chat(page)
    expect(chat.light).to_have_attribute("data-state", "delayed", timeout=SOON)
    return chat


def polls(requests: list[Request]) -> list[str]:
    return [request.url for request in requests if "/changes" in request.url]


def test_it_goes_on_over_http_and_comes_back(network, open_page, alice, bob, project):
    page = open_page(bob, project)
    chat = is_delayed(page)

    # What others write, change and delete is there within a moment.
    message = project.post(alice, "written")
    chat.shows("written")
    alice.patch(f"{project.api}/messages/{message['number']}", {"content": "changed"})
    chat.shows("changed")
    alice.delete(f"{project.api}/messages/{message['number']}")
    expect(page.get_by_text("changed", exact=True)).to_have_count(0)
    chat.say("from here")
    chat.shows("from here")
    expect(chat.light).to_have_attribute("data-state", "delayed")

    # Whoever is here is seen by both; how far others have read is seen a little later.
    watcher = alice.live()
    here = watcher.join(project.id)["presence"]
    assert bob.id in [one["id"] for one in here]
    expect(page.locator(".presence .avatar")).to_have_count(2, timeout=30_000)
    alice.put(f"{project.api}/read", {"number": project.post(bob, "read this")["number"]})
    project.post(alice, "and more")
    page.clock.fast_forward(11_000)
    project.post(alice, "and more than that")
    mine = chat.message("from here")
    expect(mine).to_contain_text("Read by 1 of 1", timeout=SOON)

    # The network is another one: green again, by itself, and no poll any more.
    network.go()
    page.clock.fast_forward(75_000)
    chat.is_live()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - A builtin cannot be marked.
    project.post(alice, "live again")
    chat.shows("live again")
    page.wait_for_timeout(1500)
    assert polls(asked) == []


def test_a_removed_member_hears_nothing(open_page, cast, alice):
    person = cast.newcomer()
    project = cast.project(alice, [person])
    chat = is_delayed(open_page(person, project))
    project.remove(person)
    expect(chat.light).to_have_attribute("data-state", "closed", timeout=SOON)
    project.post(alice, "secret")
    chat.page.wait_for_timeout(1000)
    expect(chat.message("secret")).to_have_count(0)


def test_the_end_of_the_login_leaves_the_page(open_page, cast, alice):
    person = cast.newcomer()
    project = cast.project(alice, [person])
    page = open_page(person, project)
    is_delayed(page)
    assert person.logout().ok
    page.clock.fast_forward(2000)
    expect(page).to_have_url(re.compile("/login"), timeout=SOON)


def test_no_poll_is_sent_where_websocket_works(make_server, make_tabs):
    """Not even while the server restarts, when neither works."""
    server = make_server()
    tabs = make_tabs(server)
    tabs.allow(*AWAY)
    alice = Cast(server).administrator()
    project = Cast(server).project(alice)
    page = tabs(alice)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - A builtin cannot be marked.
    page.goto(project.page)
    chat = Chat(page).is_live()
    states = page.evaluate_handle(
        """() => {
            const light = document.querySelector(".light"), states = [];
            const note = () => states.push(light.dataset.state);
            new MutationObserver(note).observe(light, {attributeFilter: ["data-state"]});
            return states;
        }"""
    )
    for _ in range(2):
        server.restart()
        chat.is_live()
    assert polls(asked) == []
    assert set(states.json_value()) <= {"offline", "connecting", "behind", "live"}


@pytest.mark.parametrize("locale", WORDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_light_says_so(open_page, bob, project, locale, scheme):
    page = open_page(bob, project, locale=locale, color_scheme=scheme)
    chat = is_delayed(page)
    label, hint = WORDS[locale]
    expect(chat.light.locator("[data-light-target=words]")).to_have_text(label)
    expect(chat.light.locator("[data-light-target=hint]")).to_contain_text(hint)
    expect(chat.light).to_have_attribute("title", re.compile(re.escape(hint)))
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        pictures = RESULTS / "long-poll"
        pictures.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=pictures / f"{locale}-{scheme}-{width}.png")


def test_it_stands_in_where_the_address_has_as_many_connections_as_it_may(make_server, make_tabs):
    server = make_server(PROJCHAT_LIMITS="on", PROJCHAT_SOCKETS_PER_ADDRESS="1")
    cast = Cast(server)
    alice = cast.administrator()
    project = cast.project(alice)
    alice.live()
    tabs = make_tabs(server)
    tabs.allow(*AWAY)
    page = tabs(alice, project.page)
    chat = is_delayed(page)
    project.post(alice, "written")
    chat.shows("written")
    alice.hang_up()


def test_it_waits_calmly_where_the_person_has_as_many_connections_as_they_may(
    make_server, make_tabs
):
    server = make_server(PROJCHAT_LIMITS="on", PROJCHAT_SOCKETS_PER_PERSON="1")
    cast = Cast(server)
    alice = cast.administrator()
    project = cast.project(alice)
    alice.live()
    page = make_tabs(server)(alice)
    tries = []
    page.on("websocket", lambda one: tries.append(one.url))
    page.goto(project.page)
    page.wait_for_timeout(10_000)
    assert 2 <= len(tries) <= 8
    alice.hang_up()
    Chat(page).is_live()
