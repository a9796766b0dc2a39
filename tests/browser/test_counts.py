"""The counts of unread messages of all my projects: in the list, the title and the icon, live."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from support.browser import Tabs
from support.cast import Cast, Project
from support.chat import Chat
from support.person import Person

COUNTED = re.compile(r"^\(\d+\+?\) ")
DOTTED = re.compile("^data:")
LIST = re.compile("/api/projects$")
# A first look at the counts comes within a second of the connection.
SETTLING = 1500
EVERY_MINUTE = 60_000
# How often a page does something again.
RHYTHMS = """
const repeat = setInterval;
globalThis.rhythms = [];
globalThis.setInterval = (act, pause) => {
    rhythms.push(pause);
    return repeat(act, pause);
};
"""


@pytest.fixture
def robin(cast: Cast) -> Person:
    """Somebody new, whose list is short."""
    return cast.newcomer("robin", name="Robin")


@pytest.fixture
def room(cast: Cast, alice: Person, robin: Person) -> Project:
    """A project where Robin has read everything."""
    room = cast.project(alice, [robin])
    room.post(robin, "I am here")
    return room


@pytest.fixture
def other(cast: Cast, alice: Person, robin: Person) -> Project:
    """Where Robin looks."""
    other = cast.project(alice, [robin])
    other.post(robin, "and here")
    return other


@pytest.fixture
def open_chat(page_for: Tabs, other: Project) -> Callable[..., Chat]:
    def open_for(person: Person, place: Project = other) -> Chat:
        return Chat(page_for(person, place.page)).is_live()

    return open_for


def another_tab(chat: Chat, project: Project) -> Chat:
    page = chat.page.context.new_page()
    page.goto(project.page)
    return Chat(page).is_live()


def icon(page: Page) -> Any:
    return expect(page.locator("link[rel=icon]"))


def asked(page: Page) -> list[str]:
    """Where the page asks for the list of projects from now on."""
    asked: list[str] = []
    page.on(
        "request",
        lambda request: asked.append(request.url) if LIST.search(request.url) else None,
    )
    return asked


def test_a_message_counts_in_list_title_and_icon(
    open_chat: Callable[..., Chat], robin: Person, alice: Person, room: Project, other: Project
):
    chat = open_chat(robin)
    tab = another_tab(chat, other)
    tab.hide(True)
    expect(chat.page).not_to_have_title(COUNTED)
    icon(chat.page).not_to_have_attribute("href", DOTTED)
    for count in (1, 2):
        room.post(alice, "no mention")
        for each in (chat, tab):
            expect(each.unread(room.id)).to_contain_text(f"{count} unread message")
            expect(each.page).to_have_title(re.compile(rf"^\({count}\) "))
            icon(each.page).to_have_attribute("href", DOTTED)
    tab.page.goto(room.page)
    tab.is_live()
    for each in (chat, tab):
        expect(each.unread(room.id)).to_be_hidden()
        expect(each.page).not_to_have_title(COUNTED)
        icon(each.page).not_to_have_attribute("href", DOTTED)


@pytest.mark.parametrize(("level", "told"), [("all", 2), ("mentions", 1), ("none", 0)])
def test_the_count_is_live_whatever_i_want_to_be_told(
    open_chat: Callable[..., Chat],
    robin: Person,
    alice: Person,
    room: Project,
    level: str,
    told: int,
):
    assert robin.patch(f"{room.api}/membership", {"notify": level}).ok
    chat = open_chat(robin)
    room.post(alice, "for everybody")
    room.post(alice, f"@{robin.username}")
    for _ in ("live", "after a reload"):
        expect(chat.unread(room.id)).to_contain_text("2 unread messages")
        title = re.compile(rf"^\({told}\) ") if told else re.compile(r"^[^(]")
        expect(chat.page).to_have_title(title)
        chat.page.reload()
        chat.is_live()


def test_reading_on_another_machine_counts_here(
    open_chat: Callable[..., Chat], robin: Person, alice: Person, room: Project
):
    here, there = open_chat(robin), open_chat(robin)
    number = room.post(alice, f"Hello, @{robin.username}")["number"]
    called = here.page.locator(f"[data-project-id='{room.id}'] [data-unread=mentions]")
    expect(here.unread(room.id)).to_contain_text("1")
    expect(called).to_contain_text("@1")
    there.page.goto(room.page)
    there.is_live()
    for badge in (here.unread(room.id), called):
        expect(badge).to_be_hidden()
    assert robin.put(f"{room.api}/unread", {"number": number}).ok
    expect(here.unread(room.id)).to_contain_text("1")
    expect(called).to_contain_text("@1")
    expect(here.page).to_have_title(re.compile(r"^\(1\) "))


def test_what_i_wrote_elsewhere_is_not_unread(
    open_chat: Callable[..., Chat], robin: Person, alice: Person, room: Project, other: Project
):
    here, there = open_chat(robin), open_chat(robin, room)
    there.say("Mine")
    there.shows("Mine")
    here.page.wait_for_timeout(1000)
    expect(here.unread(room.id)).to_be_hidden()
    there.page.goto(other.page)
    there.is_live()
    room.post(alice, "Not mine")
    for each in (here, there):
        expect(each.unread(room.id)).to_contain_text("1 unread message")


def test_nothing_is_asked_for_while_the_connection_tells(
    page_for: Tabs, robin: Person, alice: Person, room: Project, other: Project
):
    page = page_for(robin)
    page.add_init_script(RHYTHMS)
    page.goto(other.page)
    chat = Chat(page).is_live()
    page.wait_for_timeout(SETTLING)
    questions = asked(page)
    for turn in range(3):
        room.post(alice, f"message {turn}")
        expect(chat.unread(room.id)).to_contain_text(f"{turn + 1} unread")
    assert questions == []
    # Where no connection tells, the list asks by itself from time to time.
    assert EVERY_MINUTE not in page.evaluate("rhythms")
    page.goto("/account")
    page.wait_for_load_state("networkidle")
    assert EVERY_MINUTE in page.evaluate("rhythms")


def test_a_tab_that_comes_back_into_view_asks_once(
    open_chat: Callable[..., Chat], robin: Person, alice: Person, room: Project
):
    chat = open_chat(robin)
    chat.page.wait_for_timeout(SETTLING)
    chat.hide(True)
    questions = asked(chat.page)
    chat.hide(False)
    chat.page.wait_for_timeout(SETTLING)
    assert len(questions) == 1


def listed(page: Page) -> Any:
    """The names of the projects in the list."""
    return expect(page.locator(".sidebar__list .sidebar__name"))


def test_a_project_that_i_enter_elsewhere_comes_into_the_list(
    open_chat: Callable[..., Chat], cast: Cast, robin: Person, alice: Person, other: Project
):
    chat = open_chat(robin)
    listed(chat.page).to_have_text([other.name])
    chat.page.wait_for_timeout(SETTLING)
    new = cast.project(alice, name="A new one")
    new.admit(robin)
    listed(chat.page).to_have_text([new.name, other.name])
    new.post(alice, "Welcome")
    expect(chat.unread(new.id)).to_contain_text("1 unread message")
    expect(chat.page.locator(".sidebar__list [aria-current=page]")).to_contain_text(other.name)
    chat.page.keyboard.press("Control+k")
    chat.page.keyboard.type("a new")
    chat.page.keyboard.press("Enter")
    chat.page.wait_for_url(re.compile(f"{new.page}$"))


def test_a_project_that_i_left_goes_from_the_list_when_i_come_back(
    open_chat: Callable[..., Chat], robin: Person, room: Project, other: Project
):
    chat = open_chat(robin)
    chat.page.wait_for_timeout(SETTLING)
    chat.page.locator(f".sidebar__list [data-project-id='{other.id}']").focus()
    chat.hide(True)
    room.remove(robin)
    chat.hide(False)
    listed(chat.page).to_have_text([other.name])
    expect(chat.page.locator(f".sidebar__list [data-project-id='{other.id}']")).to_be_focused()


class Line:
    """The way of one tab to the server, on which things can get lost."""

    def __init__(self, page: Page) -> None:
        self.loses = False
        self._wires: list[WebSocketRoute] = []
        page.route_web_socket(re.compile("/api/socket"), self._connect)

    def cut(self) -> None:
        """Break it; the tab tries again in a moment, and from now on nothing is lost."""
        self.loses = False
        self._wires.pop().close()

    def _connect(self, wire: WebSocketRoute) -> None:
        self._wires.append(wire)
        server = wire.connect_to_server()
        server.on_message(lambda words: None if self.loses else wire.send(words))


def test_what_was_missed_is_asked_for_on_coming_back(
    page_for: Tabs, robin: Person, alice: Person, room: Project, other: Project
):
    page = page_for(robin)
    line = Line(page)
    page.goto(other.page)
    chat = Chat(page).is_live()
    page.wait_for_timeout(SETTLING)
    line.loses = True
    for text in ("lost", "lost as well"):
        room.post(alice, text)
    page.wait_for_timeout(1000)
    expect(chat.unread(room.id)).to_be_hidden()
    questions = asked(page)
    line.cut()
    expect(chat.unread(room.id)).to_contain_text("2 unread messages")
    chat.is_live()
    page.wait_for_timeout(SETTLING)
    assert len(questions) == 1


def test_whoever_was_removed_hears_no_more(
    open_chat: Callable[..., Chat], cast: Cast, robin: Person, room: Project
):
    witness = cast.newcomer()
    room.admit(witness)
    gone, stays = open_chat(robin), open_chat(witness, cast.project(witness))
    room.post(room.owner, "one")
    expect(gone.unread(room.id)).to_contain_text("2 unread")
    room.remove(robin)
    room.post(room.owner, "among ourselves")
    expect(stays.unread(room.id)).to_contain_text("3 unread")
    gone.page.wait_for_timeout(500)
    expect(gone.unread(room.id)).to_contain_text("2 unread")
