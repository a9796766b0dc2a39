"""The first visit and all that follows by keys: the focus is always seen, and never lost."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from support.browser import Tabs
from support.cast import Project
from support.chat import Chat
from support.person import PASSWORD, Person
from support.server import Server

MOST_TABS = 40
# What has the focus is in sight, and it, or the box around it, is drawn otherwise than without.
SHOWS_THE_FOCUS = """() => {
    const focused = document.activeElement;
    const { top, bottom } = focused.getBoundingClientRect();
    const isInSight = bottom > 0 && top < innerHeight && focused.checkVisibility();
    const isOutlined = getComputedStyle(focused).outlineStyle !== "none";
    const box = focused.closest(".composer__box");
    const isFramed = box !== null && getComputedStyle(box).boxShadow !== "none";
    return isInSight && (isOutlined || isFramed);
}"""

FOCUSED = "document.activeElement.outerHTML.slice(0, 200)"


class Keys:
    """Somebody with a keyboard alone."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.chat = Chat(page)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text."""
        self.page.keyboard.type(text)

    def say(self, text: str) -> None:
        """Type a message where the focus is, which is the composer, and send it."""
        self.is_at(self.chat.composer)
        self.type(text)
        self.press("Enter")
        self.chat.shows(text)
        self.is_at(self.chat.composer)

    def is_at(self, place: Locator) -> None:
        """The focus is here, and shows it."""
        expect(place).to_be_focused()
        assert self.page.evaluate(SHOWS_THE_FOCUS), place

    def tab_to(self, place: Locator, key: str = "Tab") -> None:
        """Press Tab until the focus is here; on the way it is seen too."""
        for _ in range(MOST_TABS):
            self.press(key)
            if place.evaluate("(element) => element === document.activeElement"):
                return self.is_at(place)
            assert self.page.evaluate(SHOWS_THE_FOCUS), self.page.evaluate(FOCUSED)
        raise AssertionError(f"{place} cannot be reached with {key}.")

    def fill(self, **fields: str) -> None:
        """Fill a form, from the field that has the focus to the last one, and send it."""
        for name, text in fields.items():
            self.is_at(self.page.locator(f"[name={name}]:visible"))
            self.type(text)
            self.press("Tab")
        self.press("Enter")


@pytest.mark.parametrize("width", [1280, 390])
def test_everything_from_the_first_visit_on_by_keys(
    width: int, make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs]
):
    tabs = make_tabs(make_server())
    clipboard = ["clipboard-read", "clipboard-write"]

    # The first account, the first project, the first message.
    olga = Keys(tabs(path="/", width=width, permissions=clipboard))
    expect(olga.page.locator("form input:visible")).to_have_count(3)
    olga.fill(name="Olga", username="olga", password=PASSWORD)
    expect(olga.page).to_have_url(re.compile("/projects/new$"))
    olga.is_at(olga.page.locator("[name=name]"))
    olga.type("Website")
    olga.press("Enter")
    expect(olga.page).to_have_url(re.compile(r"/projects/\d+$"))
    olga.chat.is_live()
    olga.say("Is anybody here?")

    # The link, and the second person.
    olga.tab_to(olga.page.get_by_role("button", name="Copy", exact=True), "Shift+Tab")
    olga.press("Enter")
    expect(olga.page.locator(".toast")).to_have_text("Copied.")
    olga.press("Escape")
    olga.is_at(olga.chat.composer)
    boris = Keys(tabs(path=olga.page.evaluate("navigator.clipboard.readText()")))
    expect(boris.page.locator("form input:visible")).to_have_count(2)
    boris.fill(username="boris", password=PASSWORD)
    expect(boris.page).to_have_url(re.compile(r"/projects/\d+$"))
    boris.chat.is_live()
    boris.say("Here I am")

    # An answer, a reaction, another text.
    olga.chat.shows("Here I am")
    # The first one with these words; what quotes them comes after it.
    newest = olga.chat.message("Here I am").first
    olga.tab_to(newest, "Shift+Tab")
    olga.press("r")
    expect(olga.page.locator(".composer__context")).to_contain_text("Here I am")
    olga.say("Welcom")
    expect(olga.chat.message("Welcom").locator(".message__quote")).to_contain_text("Here I am")
    olga.tab_to(olga.chat.message("Welcom"), "Shift+Tab")
    olga.press("ArrowUp")
    olga.is_at(newest)
    olga.press("e")
    olga.is_at(olga.page.locator(".picker__field"))
    olga.type("tada")
    expect(olga.page.locator(".picker__emoji")).to_have_count(1)
    olga.press("ArrowDown")
    olga.is_at(olga.page.locator(".picker__emoji"))
    olga.press("Enter")
    for person in (olga, boris):
        expect(person.chat.messages.locator(".reaction")).to_contain_text("🎉")
    olga.is_at(newest)
    olga.press("Escape")
    olga.is_at(olga.chat.composer)
    olga.press("ArrowUp")
    expect(olga.chat.composer).to_have_value("Welcom")
    olga.type("e")
    olga.press("Enter")
    boris.chat.shows("Welcome")
    expect(olga.chat.composer).to_have_value("")
    olga.is_at(olga.chat.composer)

    # Search, help, and the way to another project; Escape leads back.
    olga.press("Control+Shift+F")
    field = olga.page.locator(".search input[type=text]")
    olga.is_at(field)
    olga.type("anybody")
    expect(olga.page.locator(".search__result[aria-selected=true]")).to_contain_text("anybody")
    olga.press("Enter")
    found = olga.chat.message("Is anybody here?")
    olga.is_at(found)
    olga.press("?")
    shortcuts = olga.page.locator("#shortcuts")
    expect(shortcuts).to_be_visible()
    olga.is_at(shortcuts.get_by_role("button", name="Close"))
    olga.press("Escape")
    expect(shortcuts).to_be_hidden()
    olga.is_at(found)
    olga.press("Control+k")
    olga.is_at(olga.page.locator(".switcher__input"))
    expect(olga.page.locator(".switcher__option[aria-selected=true]")).to_have_text("Website")
    olga.press("Escape")
    olga.is_at(found)
    olga.press("Control+Shift+F")
    olga.is_at(field)
    olga.press("Escape", "Escape")
    expect(olga.page.locator(".panel")).to_be_hidden()
    olga.is_at(found)
    olga.press("Escape")
    olga.is_at(olga.chat.composer)

    # What came while she looked at something else, step by step.
    olga.chat.hide(True)
    boris.type("@ol")
    expect(boris.page.locator(".completion__option")).to_contain_text("Olga")
    boris.press("Enter")
    boris.type("shall we begin?")
    boris.press("Enter")
    boris.say("I have time until noon")
    olga.chat.hide(False)
    olga.chat.shows("I have time until noon")
    olga.press("Alt+ArrowDown")
    olga.is_at(olga.chat.messages.filter(has_text="shall we begin?"))
    olga.press("Escape")
    olga.is_at(olga.chat.composer)

    # Out.
    person = olga.page.locator(".sidebar__person")
    if person.is_visible():
        olga.tab_to(person, "Shift+Tab")
    else:
        olga.tab_to(olga.page.locator(".drawer-button"), "Shift+Tab")
        olga.press("Enter")
        olga.tab_to(person)
    olga.press("Enter")
    olga.tab_to(olga.page.locator("#account-menu").get_by_text("Log out"))
    olga.press("Enter")
    expect(olga.page).to_have_url(re.compile("/login"))
    olga.is_at(olga.page.locator("[name=username]"))


def test_the_letters_of_the_timeline_are_found_on_a_cyrillic_layout(
    project: Project, alice: Person, page_for: Tabs
):
    project.post(alice, "Вопрос")
    chat = Chat(page_for(alice, project.page)).is_live()
    chat.message("Вопрос").focus()
    press = {"type": "keyDown", "key": "к", "text": "к", "code": "KeyR"}
    chat.page.context.new_cdp_session(chat.page).send("Input.dispatchKeyEvent", press)
    expect(chat.page.locator(".composer__context")).to_contain_text("Вопрос")
    expect(chat.composer).to_have_value("")
