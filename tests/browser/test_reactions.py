"""Reactions and the table of emoji, as people use them."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from support.browser import Tabs
from support.cast import Project
from support.chat import Chat
from support.person import Person


@pytest.fixture
def open_chat(page_for: Tabs, project: Project) -> Callable[..., Chat]:
    """Open the project's page for a person, live."""

    def open_for(person: Person, **options: Any) -> Chat:
        return Chat(page_for(person, project.page, **options)).is_live()

    return open_for


def test_two_people_react(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(bob, "Lunch?")
    one, other = open_chat(alice), open_chat(bob)
    one.act("Lunch?", "react")
    picker = one.page.get_by_role("dialog", name="Choose an emoji")
    picker.get_by_role("searchbox").press_sequentially("thumbs up")
    picker.get_by_role("button", name="thumbs up", exact=True).click()
    expect(picker).to_be_hidden()
    theirs = other.message("Lunch?").locator(".reaction")
    expect(theirs).to_have_text("👍1")
    expect(theirs).to_have_attribute("title", "Alice")
    expect(theirs).to_have_attribute("aria-pressed", "false")
    theirs.click()
    mine = one.message("Lunch?").locator(".reaction")
    for chip in (mine, theirs):
        expect(chip).to_have_text("👍2")
        expect(chip).to_have_attribute("aria-pressed", "true")
    expect(mine).to_have_attribute("title", "Bob and you")
    mine.click()
    expect(theirs).to_have_text("👍1")
    expect(mine).to_have_attribute("aria-pressed", "false")
    expect(one.message("Lunch?").locator(".message__edited")).to_be_hidden()
    theirs.click()
    expect(mine).to_have_count(0)


def test_reacting_with_the_keyboard_alone_in_russian(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(bob, "Обед?")
    chat = open_chat(alice, locale="ru-RU")
    chat.message("Обед?").focus()
    chat.page.keyboard.press("e")
    field = chat.page.get_by_role("searchbox")
    expect(field).to_be_focused()
    field.press_sequentially("хлопушк")
    expect(chat.page.locator(".picker__emoji").first).to_have_text("🎉")
    chat.page.keyboard.press("ArrowDown")
    expect(chat.page.locator(".picker__emoji").first).to_be_focused()
    chat.page.keyboard.press("Enter")
    chip = chat.message("Обед?").locator(".reaction")
    expect(chip).to_have_attribute("aria-label", "🎉 1: вы")
    expect(chat.message("Обед?")).to_be_focused()
    # What was used last comes first; Escape changes nothing.
    chat.page.keyboard.press("e")
    expect(field).to_be_focused()
    expect(chat.page.locator(".picker__emoji").first).to_have_text("🎉")
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator(".picker")).to_be_hidden()
    expect(chat.message("Обед?")).to_be_focused()
    expect(chip).to_have_count(1)


def test_a_name_between_colons_becomes_an_emoji(open_chat: Callable[..., Chat], alice: Person):
    chat = open_chat(alice)
    options = chat.page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    # A time and an address are no names.
    chat.composer.press_sequentially("at 12:30 http://x y :ta")
    expect(options.first).to_be_visible()
    chat.composer.fill("")
    expect(options).to_have_count(0)
    chat.composer.press_sequentially("Done :tad")
    expect(options.first).to_contain_text("🎉")
    expect(options.first).to_have_attribute("aria-selected", "true")
    chat.composer.press("Enter")
    expect(chat.composer).to_have_value("Done 🎉 ")
    expect(options).to_have_count(0)
    chat.composer.press_sequentially(":heart:")
    expect(chat.composer).to_have_value("Done 🎉 ❤️ ")
    chat.composer.press_sequentially(":thumbs")
    expect(options.first).to_be_visible()
    chat.composer.press("Escape")
    expect(options).to_have_count(0)
    chat.composer.press("Enter")
    expect(chat.texts).to_have_text(["Done 🎉 ❤️ :thumbs"])


def test_an_emoji_from_the_table_stands_where_the_cursor_was(
    open_chat: Callable[..., Chat], alice: Person
):
    chat = open_chat(alice)
    chat.composer.fill("ab")
    chat.composer.press("ArrowLeft")
    chat.page.get_by_role("button", name="Emoji", exact=True).click()
    chat.page.get_by_role("searchbox").fill("rocket")
    expect(chat.page.locator(".picker__emoji").first).to_have_text("🚀")
    chat.page.keyboard.press("Enter")
    expect(chat.composer).to_have_value("a🚀b")
    expect(chat.composer).to_be_focused()


def test_a_russian_name_becomes_an_emoji_too(open_chat: Callable[..., Chat], alice: Person):
    chat = open_chat(alice, locale="ru-RU")
    options = chat.page.get_by_role("listbox", name="Подсказки").get_by_role("option")
    chat.composer.press_sequentially(":огон")
    expect(options.first).to_contain_text("🔥")
    options.first.click()
    expect(chat.composer).to_have_value("🔥 ")
    expect(chat.composer).to_be_focused()
    chat.composer.press_sequentially(":fire")
    expect(options.first).to_contain_text("🔥")


def test_a_refused_reaction_says_why(
    page_for: Tabs, open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    number = project.post(bob, "Lunch?")["number"]
    for emoji in "😀😁😂🤣😃😄😅😆😉😊😋😎😍😘😗😙😚🙂🤗🤩":
        assert bob.put(f"{project.api}/messages/{number}/reactions/{emoji}").ok
    page_for.allow("status of 409")
    chat = open_chat(alice, width=390, height=700)
    chat.message("Lunch?").focus()
    chat.page.keyboard.press("e")
    picker = chat.page.locator(".picker")
    expect(picker).to_be_in_viewport(ratio=1)
    picker.get_by_role("button", name="thumbs up", exact=True).first.click()
    expect(chat.page.get_by_text("at most 20 different reactions")).to_be_visible()


def test_the_emoji_are_fetched_only_when_they_are_wanted(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(bob, "Lunch?")
    chat = open_chat(alice)
    fetched = "performance.getEntriesByType('resource').map(({name}) => name).join()"
    assert "emoji_picker" not in chat.page.evaluate(fetched)
    assert "/emoji/" not in chat.page.evaluate(fetched)
    chat.act("Lunch?", "react")
    expect(chat.page.locator(".picker__emoji").first).to_be_visible()
    assert "/emoji/en.json" in chat.page.evaluate(fetched)
