"""Mentions and counts, as people see them: in the message, the list, the title and the icon."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from support.browser import Tabs
from support.cast import Cast, Project
from support.chat import Chat
from support.person import Person

COUNTED = re.compile(r"^\(\d+\+?\) ")


@pytest.fixture
def room(cast: Cast, alice: Person) -> Project:
    """A project of Alice's with somebody new, whose list is short."""
    return cast.project(alice, [cast.newcomer("robin", name="Robin")])


@pytest.fixture
def robin(cast: Cast, room: Project) -> Person:
    return cast.people[-1]


@pytest.fixture
def open_chat(page_for: Tabs, room: Project) -> Callable[..., Chat]:
    def open_for(person: Person, project: Project = room, **options: object) -> Chat:
        return Chat(page_for(person, project.page, **options)).is_live()

    return open_for


def mentions(page: Page, project: Project):
    return page.locator(f"[data-project-id='{project.id}'] [data-unread=mentions]")


def has_dot(page: Page) -> bool:
    return str(page.locator("link[rel=icon]").get_attribute("href")).startswith(
        "data:image/svg+xml"
    )


def test_my_name_stands_out_for_me_alone(
    open_chat: Callable[..., Chat], alice: Person, robin: Person
):
    mine, other = open_chat(robin), open_chat(alice)
    other.say(f"Good morning, @{robin.username}! `@{robin.username}` @nobody")
    for chat in (mine, other):
        expect(chat.texts.locator(".mention")).to_have_text([f"@{robin.username}"])
    expect(mine.page.locator(".mention--mine")).to_have_count(1)
    expect(mine.page.locator(".message--for-me")).to_have_count(1)
    expect(other.page.locator(".mention--mine, .message--for-me")).to_have_count(0)


def test_a_name_is_completed_as_it_is_typed(
    open_chat: Callable[..., Chat], alice: Person, robin: Person
):
    chat = open_chat(alice)
    options = chat.page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    chat.composer.press_sequentially("mail@ro")
    expect(options).to_have_count(0)
    chat.composer.fill("")
    chat.composer.press_sequentially("Ask @")
    expect(options).to_have_count(2)
    chat.composer.press_sequentially("RO")
    expect(options).to_have_text([re.compile(f"Robin.*@{robin.username}")])
    chat.composer.press("Tab")
    expect(chat.composer).to_have_value(f"Ask @{robin.username} ")
    chat.composer.press_sequentially("and @al")
    expect(options).to_contain_text(["Everybody in the project"])
    chat.composer.press("Escape")
    expect(options).to_have_count(0)
    chat.composer.press("Enter")
    expect(chat.texts.locator(".mention")).to_have_text([f"@{robin.username}"])


def test_a_mention_counts_in_every_open_page(
    cast: Cast, open_chat: Callable[..., Chat], alice: Person, robin: Person, room: Project
):
    elsewhere = cast.project(alice, [robin])
    elsewhere.post(robin, "I am here")
    room.post(robin, "and here")
    chat = open_chat(robin, elsewhere)
    tab = Chat(chat.page.context.new_page())
    tab.page.goto(elsewhere.page)
    tab.is_live()
    expect(chat.page).not_to_have_title(COUNTED)
    assert not has_dot(chat.page)
    room.post(alice, "nothing")
    room.post(alice, f"@{robin.username}")
    for page in (chat.page, tab.page):
        expect(mentions(page, room)).to_contain_text("@1")
        expect(page).to_have_title(re.compile(r"^\(2\) "))
        expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("^data:"))
    tab.page.goto(room.page)
    tab.is_live()
    for page in (chat.page, tab.page):
        expect(mentions(page, room)).to_be_hidden()
        expect(page).not_to_have_title(COUNTED)
        expect(page.locator("link[rel=icon]")).not_to_have_attribute("href", re.compile("^data:"))


def test_an_open_project_counts_what_comes_out_of_sight(
    open_chat: Callable[..., Chat], alice: Person, robin: Person, room: Project
):
    chat = open_chat(robin)
    chat.hide(True)
    path = f"{room.api}/messages/{room.post(alice, 'Hello')['number']}"
    expect(chat.page).to_have_title(re.compile(r"^\(1\) "))
    expect(mentions(chat.page, room)).to_be_hidden()
    assert alice.patch(path, {"content": f"Hello @{robin.username}"}).ok
    expect(mentions(chat.page, room)).to_contain_text("@1")
    assert alice.patch(path, {"content": "Hello"}).ok
    expect(mentions(chat.page, room)).to_be_hidden()
    chat.hide(False)
    expect(chat.page).not_to_have_title(COUNTED)


def test_what_i_do_not_want_to_be_told_is_quiet(
    cast: Cast, open_chat: Callable[..., Chat], alice: Person, robin: Person, room: Project
):
    elsewhere = cast.project(alice, [robin])
    elsewhere.post(robin, "read so far")
    chat = open_chat(robin)
    chat.page.locator(".presence").click()
    level = chat.page.get_by_label("Notify me of")
    expect(level).to_have_value("all")
    level.select_option("mentions")
    expect(chat.page.locator(".toast")).to_have_text("Saved.")
    chat.page.keyboard.press("Escape")
    chat.page.locator(".presence").click()
    expect(chat.page.get_by_label("Notify me of")).to_have_value("mentions")
    chat.page.goto(elsewhere.page)
    chat.is_live()
    room.post(alice, "for everybody")
    room.post(alice, f"@{robin.username}")
    expect(mentions(chat.page, room)).to_contain_text("@1")
    expect(chat.unread(room.id)).to_contain_text("2")
    expect(chat.page).to_have_title(re.compile(r"^\(1\) "))
    chat.page.goto(f"{room.page}/settings")
    chat.page.get_by_label("Notify me of").select_option("none")
    expect(chat.page.locator(f"[data-project-id='{room.id}']")).to_have_attribute(
        "data-notify", "none"
    )
    expect(chat.page).not_to_have_title(COUNTED)
    expect(chat.unread(room.id)).to_contain_text("2")
