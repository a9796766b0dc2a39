"""The toolbar that marks up what is being written, by mouse and by keys."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from support.browser import Tabs
from support.cast import Project
from support.chat import Chat
from support.person import Person

# The text with what is selected in it, as ‹this›.
SHOWN = """({value, selectionStart: start, selectionEnd: end}) =>
    `${value.slice(0, start)}‹${value.slice(start, end)}›${value.slice(end)}`"""
SELECT = """(field, [start, end]) => field.setSelectionRange(start, end)"""
CYRILLIC = """(field) => field.dispatchEvent(new KeyboardEvent("keydown",
    {key: "и", code: "KeyB", ctrlKey: true, bubbles: true, cancelable: true}))"""


@pytest.fixture
def open_chat(page_for: Tabs, project: Project) -> Callable[..., Chat]:
    def open_for(person: Person, **options: object) -> Chat:
        chat = Chat(page_for(person, project.page, **options)).is_live()
        chat.page.wait_for_load_state("networkidle")
        return chat

    return open_for


@pytest.fixture
def chat(open_chat: Callable[..., Chat], alice: Person) -> Chat:
    return open_chat(alice)


def toolbar(chat: Chat) -> Locator:
    return chat.page.get_by_role("toolbar", name="Formatting")


def button(chat: Chat, name: str) -> Locator:
    return toolbar(chat).get_by_role("button", name=name, exact=True)


def write(field: Locator, text: str) -> None:
    """Type a text, where ‹this› is what gets selected."""
    start, end = text.index("‹"), text.index("›") - 1
    field.focus()
    for turn, line in enumerate(text.replace("‹", "").replace("›", "").split("\n")):
        if turn:
            field.press("Shift+Enter")
        field.press_sequentially(line)
    field.evaluate(SELECT, [start, end])


def test_a_button_marks_up_and_undo_takes_it_back(chat: Chat):
    for name, before, after in (
        ("Bold", "so ‹loud› here", "so **‹loud›** here"),
        ("Bold", "so lo‹›ud here", "so **lo‹›ud** here"),
        ("Bold", "‹›", "**‹›**"),
        ("Bold", "**‹loud›**", "‹loud›"),
        ("Italic", "so ‹soft›", "so _‹soft›_"),
        ("Code", "run ‹make›", "run `‹make›`"),
        ("Code", "see: o‹ne\ntw›o", "```\n‹see: one\ntwo›\n```"),
        ("Link", "see ‹here›", "see [here](‹url›)"),
        ("Link", "‹https://example.org›", "[‹›](https://example.org)"),
        ("Quote", "o‹›ne", "> one‹›"),
        ("Quote", "o‹ne\ntw›o", "‹> one\n> two›"),
        ("Quote", "‹> one\n> two›", "‹one\ntwo›"),
        ("List", "o‹›ne", "- o‹›ne"),
        ("List", "o‹ne\ntw›o", "‹- one\n- two›"),
        ("List", "‹- one\n- two›", "‹one\ntwo›"),
    ):
        write(chat.composer, before)
        button(chat, name).click()
        assert chat.composer.evaluate(SHOWN) == after
        expect(chat.composer).to_be_focused()
        chat.page.keyboard.press("Control+z")
        expect(chat.composer).to_have_value(before.replace("‹", "").replace("›", ""))
        chat.composer.fill("")


def test_what_is_marked_up_grows_is_kept_and_is_sent(chat: Chat):
    low = chat.composer.bounding_box()
    write(chat.composer, "‹one\ntwo›")
    button(chat, "Code").click()
    tall = chat.composer.bounding_box()
    assert low
    assert tall
    assert tall["height"] > low["height"] * 2
    chat.page.reload()
    chat.is_live()
    expect(chat.composer).to_have_value("```\none\ntwo\n```")
    chat.composer.press("Enter")
    expect(chat.texts.locator("pre")).to_contain_text("one\ntwo")


def test_keys_mark_up_in_any_layout(chat: Chat):
    for keys, after in (
        ("Control+b", "**‹loud›**"),
        ("Control+i", "_‹loud›_"),
        ("Control+e", "`‹loud›`"),
        ("Control+Shift+l", "[loud](‹url›)"),
    ):
        write(chat.composer, "‹loud›")
        chat.page.keyboard.press(keys)
        assert chat.composer.evaluate(SHOWN) == after
        chat.composer.fill("")
    write(chat.composer, "‹loud›")
    chat.composer.evaluate(CYRILLIC)
    expect(chat.composer).to_have_value("**loud**")
    chat.page.keyboard.press("Control+k")
    expect(chat.page.locator("#switcher")).to_be_visible()


def test_the_help_lists_the_keys(chat: Chat):
    chat.page.locator(".bar button").first.focus()
    chat.page.keyboard.press("?")
    rows = chat.page.locator("#shortcuts .keys__row")
    for keys, what in (("CtrlB", "Bold"), ("CtrlI", "Italic"), ("CtrlE", "Code")):
        expect(rows.filter(has_text=what).locator("dt")).to_have_text(keys)
    expect(rows.filter(has_text="Link").locator("dt")).to_have_text("CtrlShiftL")


def test_the_toolbar_is_one_stop_and_goes_by_arrows(chat: Chat):
    names = ["Bold", "Italic", "Code", "Link", "Quote", "List"]
    expect(toolbar(chat).get_by_role("button")).to_have_text(names)
    write(chat.composer, "‹loud›")
    for _ in range(3):
        chat.page.keyboard.press("Tab")
    expect(button(chat, "Bold")).to_be_focused()
    for key, name in (
        ("ArrowRight", "Italic"),
        ("ArrowLeft", "Bold"),
        ("ArrowLeft", "List"),
        ("ArrowRight", "Bold"),
        ("End", "List"),
        ("Home", "Bold"),
        ("ArrowRight", "Italic"),
    ):
        chat.page.keyboard.press(key)
        expect(button(chat, name)).to_be_focused()
    expect(toolbar(chat).locator("[tabindex='0']")).to_have_text(["Italic"])
    for key, after in (("Space", "_‹loud›_"), ("Enter", "‹loud›")):
        chat.page.keyboard.press(key)
        assert chat.composer.evaluate(SHOWN) == after
        expect(chat.composer).to_be_focused()
        button(chat, "Italic").focus()
    chat.page.keyboard.press("Shift+Tab")
    expect(chat.page.locator(".composer__send")).to_be_focused()
    expect(chat.messages).to_have_count(0)


def test_a_thread_has_its_own(chat: Chat, project: Project, bob: Person):
    project.post(bob, "Which word?")
    chat.act("Which word?", "thread")
    field = chat.page.get_by_role("textbox", name="Reply in the thread")
    expect(field).to_be_focused()
    write(field, "‹this›")
    chat.page.keyboard.press("Control+b")
    expect(field).to_have_value("**this**")
    toolbar(chat).last.get_by_role("button", name="Italic").click()
    assert field.evaluate(SHOWN) == "**_‹this›_**"
    expect(chat.composer).to_have_value("")


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_it_is_always_there_and_moves_nothing(
    open_chat: Callable[..., Chat], bob: Person, width: int
):
    chat = open_chat(bob, width=width)
    place = chat.composer.bounding_box()
    chat.composer.focus()
    assert chat.composer.bounding_box() == place
    for name in ("Bold", "List"):
        box = button(chat, name).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= width


def test_whoever_may_only_read_has_none(chat: Chat, project: Project, alice: Person):
    assert alice.patch(project.api, {"archived": True}).ok
    expect(chat.composer).to_be_hidden()
    expect(toolbar(chat)).to_be_hidden()
