"""What is being written, in all tabs of the person who writes it and in no other."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from support.browser import Tabs
from support.cast import Cast, Project
from support.chat import Chat
from support.person import Person

# Text that no other tab knows of yet: its key was pressed in this very moment.
TYPED = "(field, text) => { field.value = text; }"


@pytest.fixture
def open_chat(page_for: Tabs, project: Project) -> Callable[..., Chat]:
    def open_for(person: Person, place: Project = project) -> Chat:
        return Chat(page_for(person, place.page)).is_live()

    return open_for


def another_tab(chat: Chat, project: Project) -> Chat:
    """Open a project in another tab of the same browser, and look away from its composer."""
    page = chat.page.context.new_page()
    page.goto(project.page)
    tab = Chat(page).is_live()
    tab.composer.blur()
    return tab


def test_a_draft_is_shown_in_my_other_tabs_and_to_nobody_else(
    open_chat: Callable[..., Chat], cast: Cast, project: Project, alice: Person, bob: Person
):
    elsewhere = cast.project(bob)
    chat, others = open_chat(bob), open_chat(alice)
    tab, stranger = another_tab(chat, project), another_tab(chat, elsewhere)
    chat.composer.press_sequentially("half a thought")
    expect(tab.composer).to_have_value("half a thought")
    chat.composer.press("Shift+Enter")
    chat.composer.press_sequentially("and more of it")
    expect(tab.composer).to_have_value("half a thought\nand more of it")
    shown, own = tab.composer.bounding_box(), chat.composer.bounding_box()
    assert shown
    assert own
    assert shown["height"] == own["height"]
    stranger.composer.fill("something else")
    for each, text in ((others, ""), (chat, "half a thought\nand more of it")):
        expect(each.composer).to_have_value(text)
    chat.composer.press("Enter")
    expect(tab.composer).to_have_value("")
    expect(others.texts).to_have_count(1)
    expect(stranger.composer).to_have_value("something else")
    assert "draft" not in others.page.evaluate("Object.keys(localStorage).join()")


def test_a_reply_and_what_is_emptied_follow_too(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(alice, "A question")
    chat = open_chat(bob)
    tab = another_tab(chat, project)
    context = tab.page.locator(".composer__context")
    chat.act("A question", "reply")
    chat.composer.press_sequentially("Yes")
    expect(tab.composer).to_have_value("Yes")
    expect(context).to_contain_text("A question")
    chat.composer.press("Escape")
    expect(context).to_be_hidden()
    chat.composer.fill("")
    expect(tab.composer).to_have_value("")
    # And the other way round: whichever tab is written in.
    tab.composer.press_sequentially("No")
    expect(chat.composer).to_have_value("No")


@pytest.mark.parametrize("way", ["emptied", "sent"])
def test_what_is_being_written_here_stays_until_it_is_sent_or_emptied(
    open_chat: Callable[..., Chat], project: Project, bob: Person, way: str
):
    chat = open_chat(bob)
    tab = another_tab(chat, project)
    tab.composer.focus()
    tab.composer.evaluate(TYPED, "written here")
    chat.composer.press_sequentially("written there")
    tab.page.wait_for_timeout(300)
    expect(tab.composer).to_have_value("written here")
    if way == "emptied":
        tab.composer.fill("")
    else:
        tab.composer.press("Enter")
        expect(chat.texts).to_have_text(["written here"])
    for each in (chat, tab):
        expect(each.composer).to_have_value("written there")
    chat.composer.blur()
    tab.composer.press("Enter")
    for each in (chat, tab):
        expect(each.message("written there")).to_be_visible()
        expect(each.composer).to_have_value("")


def test_an_edit_goes_on_and_then_gives_back_the_draft(
    open_chat: Callable[..., Chat], project: Project, bob: Person
):
    project.post(bob, "Said")
    chat = open_chat(bob)
    tab = another_tab(chat, project)
    tab.composer.press("ArrowUp")
    tab.composer.fill("Said better")
    tab.composer.blur()
    chat.composer.press_sequentially("a draft")
    tab.page.wait_for_timeout(300)
    expect(tab.composer).to_have_value("Said better")
    expect(chat.composer).to_have_value("a draft")
    tab.composer.press("Enter")
    expect(tab.message("Said better")).to_be_visible()
    expect(tab.composer).to_have_value("a draft")


def test_a_thread_keeps_to_itself(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(alice, "One thing")
    project.post(alice, "Another thing")
    chat = open_chat(bob)
    tab, third = another_tab(chat, project), another_tab(chat, project)
    for each, text in ((chat, "One thing"), (tab, "One thing"), (third, "Another thing")):
        each.act(text, "thread")
    fields = [each.page.locator("#thread-input") for each in (chat, tab, third)]
    for field in fields:
        expect(field).to_be_focused()
    fields[1].blur()
    fields[0].press_sequentially("Yes")
    expect(fields[1]).to_have_value("Yes")
    for other in (fields[2], chat.composer, tab.composer):
        expect(other).to_have_value("")
    fields[0].press("Enter")
    expect(fields[1]).to_have_value("")
