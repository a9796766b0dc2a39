"""axe finds nothing to complain of, on any page and in any state, in either theme, wide and narrow.

Each state is reached once in a wide window in English and once in a narrow one in Russian, and
looked at in both themes. What is wider than the window is complained of too.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import FilePayload, Page, expect

from support.browser import Tabs, hold
from support.cast import Cast, Project
from support.chat import AWAY, Chat
from support.files import picture, post, upload
from support.person import Person
from support.server import Server

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"

pytestmark = [
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (make lint brings it)"),
    pytest.mark.parametrize("how", [{"width": 1280}, {"width": 390, "locale": "ru-RU"}]),
]

How = dict[str, Any]
Look = Callable[..., Page]

COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
STRANGERS = ["/login", "/invite/expired", "/nowhere"]
MEMBERS = ["/projects", "/projects/new", "/account", "/nowhere", "/api/docs"]
# What a change of the theme sets in motion begins with the next frame.
SETTLED = """new Promise(requestAnimationFrame).then(() =>
    Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {}))))"""
LEFT = """(text) => localStorage.setItem(
    `projchat.draft.other.${text.userId}.7`,
    JSON.stringify({ history: "other", projectName: "Payroll", ...text }),
)"""
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
# Every kind of thing that a text may hold.
TEXT = """Hello, @bob and @all: **strong**, *soft*, ~~gone~~, `code`, https://example.org

# A heading

> a quotation

1. one
2. two

- [x] done

| a | b |
| - | - |
| 1 | 2 |

```python
def answer(question: str) -> int:  # Forty-two.
    return 42 if question else None
```
"""


def complaints(page: Page) -> list[str]:
    """What axe says of the page as it is now, after its movements have ended.

    Another theme is nothing but other colours, so it is asked for those alone.
    """
    page.wait_for_load_state("networkidle")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = _violations(page, "light", {}) + _violations(page, "dark", COLOURS)
    return found + ["wider than the window"] * page.evaluate(TOO_WIDE)


def _violations(page: Page, theme: Literal["light", "dark"], rules: dict[str, Any]) -> list[str]:
    page.emulate_media(color_scheme=theme)
    page.evaluate(SETTLED)
    found: dict[str, Any] = page.evaluate("(rules) => axe.run(rules)", rules)
    return [
        f"{theme}: {rule['id']}: {rule['help']}: {node['html'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.fixture
def look(page_for: Tabs, how: How) -> Look:
    """Open a page for somebody, or for nobody."""
    page_for.allow(r"status of 4\d\d")
    return lambda person, path: page_for(person, path, **how)


@pytest.fixture
def open_chat(look: Look, project: Project) -> Callable[[Person], Chat]:
    """Open the project's page, live."""
    return lambda person: Chat(look(person, project.page)).is_live()


# --- Around the chat ---


@pytest.mark.parametrize("path", STRANGERS)
def test_pages_for_strangers(alice: Person, look: Look, path: str):
    assert complaints(look(None, path)) == []


@pytest.mark.parametrize("path", MEMBERS)
def test_pages_for_members(project: Project, bob: Person, look: Look, path: str):
    project.post(bob, "@alice: something unread")
    page = look(project.owner, path)
    if path == "/api/docs":
        expect(page.locator(".opblock").first).to_be_visible()
    assert complaints(page) == []


def test_the_settings_of_a_project(project: Project, bob: Person, dora: Person, look: Look):
    project.owner.post(f"{project.api}/invites", {})
    for person in (project.owner, dora, bob):
        assert complaints(look(person, f"{project.page}/settings")) == []


def test_an_archived_project(project: Project, look: Look):
    assert project.owner.patch(project.api, {"archived": True}).ok
    page = look(project.owner, project.page)
    expect(page.locator(".composer__closed")).to_be_visible()
    assert complaints(page) == []
    for path in ("/projects", f"{project.page}/settings"):
        page.goto(path)
        assert complaints(page) == []


def test_a_text_that_is_left_of_another_history(project: Project, alice: Person, look: Look):
    page = look(alice, project.page)
    page.evaluate(LEFT, {"userId": alice.id, "username": alice.username, "content": TEXT})
    for path in (project.page, "/projects"):
        page.goto(path)
        expect(page.locator(".recovery__item")).to_be_visible()
        assert complaints(page) == []


def test_nothing_there_yet(cast: Cast, look: Look):
    newcomer = cast.newcomer()
    page = look(newcomer, "/projects")
    assert complaints(page) == []
    page.goto(cast.project(newcomer).page)
    expect(page.locator(".invite-link input")).not_to_have_value("")
    assert complaints(page) == []


def test_the_first_account(
    make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs], how: How
):
    page = make_tabs(make_server())(path="/", **how)
    expect(page.locator("[name=password]")).to_be_visible()
    assert complaints(page) == []


def test_an_invitation(project: Project, cast: Cast, look: Look):
    path = f"/invite/{project.owner.post(f'{project.api}/invites', {}).json()['token']}"
    assert complaints(look(None, path)) == []
    assert complaints(look(cast.newcomer(), path)) == []


def test_forms_with_errors(project: Project, look: Look):
    page = look(project.owner, "/projects/new")
    page.locator("[name=name]").press("Enter")
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    assert complaints(page) == []
    page = look(None, "/login")
    page.locator("[name=username]").fill("nobody")
    page.locator("[name=password]").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).not_to_be_empty()
    assert complaints(page) == []


def test_what_opens_over_a_page(project: Project, look: Look):
    page = look(project.owner, f"{project.page}/settings")
    page.wait_for_load_state("networkidle")
    for key, dialog in (("Control+k", "#switcher"), ("?", "#shortcuts")):
        page.keyboard.press(key)
        expect(page.locator(dialog)).to_be_visible()
        assert complaints(page) == []
        page.keyboard.press("Escape")
        expect(page.locator(dialog)).to_be_hidden()
        # The field that has gone hears keys until the browser draws its next frame.
        expect(page.locator(f"{dialog} :focus")).to_have_count(0)
    page.keyboard.press("Control+k")
    page.keyboard.type("no project is called so")
    expect(page.locator(".switcher__empty")).to_be_visible()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-form-confirm] button").first.click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("alertdialog")).to_be_hidden()
    page.locator("[name=description]").press("Control+Enter")
    if page.locator(".drawer-button").is_visible():
        page.locator(".drawer-button").click()
        assert complaints(page) == []
    page.locator(".sidebar__person").click()
    expect(page.locator("#account-menu")).to_be_visible()
    assert complaints(page) == []


# --- The conversation ---


def test_a_conversation(
    project: Project, alice: Person, bob: Person, open_chat: Callable[[Person], Chat]
):
    first = project.post(alice, TEXT)["number"]
    gone = project.post(bob, "gone", replyTo=first)["number"]
    assert bob.delete(f"{project.api}/messages/{gone}").ok
    project.post(bob, "an answer", replyTo=first)
    for person, emoji in ((alice, "👍"), (bob, "👍"), (alice, "🎉")):
        assert person.put(f"{project.api}/messages/{first}/reactions/{emoji}").ok
    assert alice.put(f"{project.api}/messages/{first}/pin").ok
    for number in range(30):
        project.post(alice, f"line {number}")
    assert bob.put(f"{project.api}/unread", {"number": first}).ok
    chat = open_chat(bob)
    expect(chat.pill).to_be_visible()
    expect(chat.divider).to_be_visible()
    other = alice.live()
    assert other.join(project.id)["ok"]
    other.emit("typing", {"projectId": project.id, "isTyping": True})
    expect(chat.typing).not_to_be_empty()
    assert complaints(chat.page) == []
    chat.messages.last.focus()
    expect(chat.page.locator(".actions")).to_be_visible()
    assert complaints(chat.page) == []


def test_what_the_composer_is_about(
    project: Project, alice: Person, bob: Person, open_chat: Callable[[Person], Chat]
):
    project.post(bob, "A question")
    project.post(alice, "Mine")
    chat = open_chat(alice)
    chat.message("A question").focus()
    chat.page.keyboard.press("r")
    expect(chat.page.locator(".composer__context")).to_contain_text("A question")
    assert complaints(chat.page) == []
    chat.page.keyboard.press("Escape")
    chat.composer.press("ArrowUp")
    expect(chat.composer).to_have_value("Mine")
    assert complaints(chat.page) == []
    chat.page.keyboard.press("Escape")
    for typed in (":rock", "@"):
        chat.composer.fill("")
        chat.composer.press_sequentially(typed)
        expect(chat.page.locator(".completion__option").first).to_be_visible()
        assert complaints(chat.page) == []
        chat.page.keyboard.press("Escape")
    chat.composer.fill("")
    chat.page.locator(".composer__tool").first.click()
    emoji = chat.page.locator(".picker__emoji")
    expect(emoji.first).to_be_visible()
    # All of them alike, two thousand keep axe busy for a quarter of a minute.
    chat.page.keyboard.type("1234")
    expect(emoji).to_have_count(1)
    assert complaints(chat.page) == []


def test_what_is_refused(alice: Person, open_chat: Callable[[Person], Chat]):
    chat = open_chat(alice)
    chat.say("x" * 10_001)
    expect(chat.page.locator(".message__failure:visible")).to_be_visible()
    assert complaints(chat.page) == []


def test_what_is_asked_before_it_is_deleted(
    project: Project, alice: Person, open_chat: Callable[[Person], Chat]
):
    project.post(alice, "Mine")
    chat = open_chat(alice)
    chat.act("Mine", "delete")
    expect(chat.page.get_by_role("alertdialog")).to_be_visible()
    assert complaints(chat.page) == []


def test_files(project: Project, alice: Person, open_chat: Callable[[Person], Chat]):
    post(alice, project, upload(alice, project, "a.png", picture()), upload(alice, project))
    chat = open_chat(alice)
    page = chat.page
    page.wait_for_load_state("networkidle")
    held = hold(page, "**/uploads/*")
    page.locator("input[type=file]").set_input_files([file("a.txt"), file("empty", b"")])
    expect(page.locator(".upload[data-state=failed]")).to_be_visible()
    expect(page.get_by_role("progressbar").first).to_be_visible()
    assert complaints(page) == []
    for route in held:
        route.continue_()
    page.unroute("**/uploads/*")
    expect(page.locator(".upload[data-state=done]")).to_be_visible()
    assert complaints(page) == []
    page.locator(".picture").click()
    expect(page.locator(".viewer")).to_be_visible()
    assert complaints(page) == []


def file(name: str, data: bytes = b"some notes") -> FilePayload:
    return FilePayload(name=name, mimeType="", buffer=data)


def test_what_opens_around_a_message(
    project: Project, alice: Person, bob: Person, open_chat: Callable[[Person], Chat]
):
    mine = project.post(alice, "Breakfast?")["number"]
    assert alice.patch(f"{project.api}/messages/{mine}", {"content": "Lunch?"}).ok
    assert bob.put(f"{project.api}/read", {"number": mine}).ok
    chat = open_chat(alice)
    page = chat.page
    page.locator(".message__edited:visible").click()
    expect(page.locator(".revisions .message__body")).to_have_count(2)
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator(".message__progress:visible").click()
    expect(page.locator("#readers")).to_be_visible()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator(".day__button").last.press("Enter")
    expect(page.locator("#jump")).to_be_visible()
    assert complaints(page) == []


# --- The panel ---


def open_panel(page: Page, view: str, sign: str, **detail: Any) -> None:
    """Open a view of the panel as anything on the page may, and wait for what it shows."""
    ask = "(detail) => dispatchEvent(new CustomEvent('panel:open', {detail}))"
    page.evaluate(ask, {"view": view, **detail})
    expect(page.locator(f".panel {sign}").first).to_be_visible()


@pytest.mark.parametrize(
    ("view", "sign"),
    [
        ("details", ".panel__name"),
        ("pins", ".panel__text"),
        ("search", ".search__help"),
        ("links", ".links__status"),
        ("catch-up", ".panel__text"),
    ],
)
def test_the_panel_with_nothing_in_it(
    alice: Person, open_chat: Callable[[Person], Chat], view: str, sign: str
):
    page = open_chat(alice).page
    open_panel(page, view, sign)
    assert complaints(page) == []


def test_the_panel(
    project: Project, alice: Person, bob: Person, open_chat: Callable[[Person], Chat]
):
    assert alice.patch(project.api, {"description": "What it is about: https://example.org"}).ok
    old = project.post(alice, "An old one, about https://example.org/")["number"]
    mine = project.post(bob, "I am off, until lunch")["number"]
    project.post(alice, "Have a good lunch", replyTo=mine)
    project.post(alice, "@bob, do you come?")
    post(alice, project, upload(alice, project, "plan.png", picture()), content="The plan")
    assert alice.put(f"{project.api}/messages/{old}/pin").ok
    assert alice.patch(f"{project.api}/messages/{old}", {"content": "New: https://a.example"}).ok
    assert bob.put(f"{project.api}/unread", {"number": mine + 1}).ok
    page = open_chat(bob).page
    for view, sign in (
        ("details", ".panel__name"),
        ("pins", ".pin"),
        ("thread", ".message"),
        ("links", ".links__link"),
        ("catch-up", ".catch-up__entry"),
        ("search", ".search__help"),
    ):
        open_panel(page, view, sign, number=mine)
        assert complaints(page) == []
        if view != "search":
            page.keyboard.press("Escape")
            expect(page.locator(".panel")).to_be_hidden()
    for words, sign in (("lunch", "[aria-selected=true] mark"), (" nowhere", ".search__help")):
        page.keyboard.type(words)
        expect(page.locator(f".panel {sign}").first).to_be_visible()
        expect(page.locator(".search__status")).not_to_be_empty()
        assert complaints(page) == []


# --- Without a network ---


def test_without_a_network(
    make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs], how: How
):
    server = make_server()
    tabs = make_tabs(server)
    tabs.allow(*AWAY)
    cast = Cast(server)
    alice = cast.known("alice")
    project = cast.project(alice, [cast.known("bob")])
    project.post(alice, "Before")
    chat = Chat(tabs(alice, project.page, service_workers="allow", **how)).is_live()
    chat.is_kept(project, "Before")
    server.stop()
    chat.is_offline()
    for text in ("one", "two", "three"):
        chat.say(text)
    expect(chat.page.locator("[data-state=sending]")).to_have_count(3)
    assert complaints(chat.page) == []
    assert not chat.light.evaluate("(light) => light.scrollWidth > light.clientWidth")
    chat.page.reload()
    chat.is_offline()
    expect(chat.page.locator("[data-state=sending]")).to_have_count(3)
    assert complaints(chat.page) == []
