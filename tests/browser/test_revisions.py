"""What a message said before, as people read it."""

from playwright.sync_api import expect

from support.browser import Tabs
from support.cast import Project
from support.chat import Chat
from support.person import Person


def test_the_mark_of_an_edit_leads_to_the_former_texts(
    page_for: Tabs, project: Project, alice: Person, bob: Person
):
    one = Chat(page_for(alice, project.page)).is_live()
    other = Chat(page_for(bob, project.page)).is_live()
    one.say("One")
    sent = one.page.locator("[data-number].message:not(.message--event)")
    expect(sent).to_have_count(1)
    for text, shown in (("*Two*", "Two"), ("**Three**", "Three")):
        one.composer.press("ArrowUp")
        one.say(text)
        for person in (one, other):
            expect(person.texts).to_have_text([shown])
    edited = other.page.get_by_role("button", name="edited")
    edited.click()
    dialog = other.page.get_by_role("dialog", name="Edit history")
    expect(dialog.locator(".message__body")).to_have_text(["Three", "Two", "One"])
    expect(dialog.locator("em")).to_have_text("Two")
    other.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(edited).to_be_focused()
