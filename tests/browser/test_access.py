"""axe finds nothing to complain of, on any page, in either theme, wide and narrow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from support.browser import Tabs
from support.cast import Cast, Project
from support.files import picture, post, upload
from support.person import Person

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"

pytestmark = pytest.mark.skipif(
    not AXE.exists(), reason="axe-core is not installed (make lint brings it)"
)

LOOKS = [("light", 1280, "en-US"), ("dark", 1280, "ru-RU"), ("dark", 390, "en-US")]
STRANGERS = ["/login", "/invite/expired", "/nowhere"]
MEMBERS = ["/projects", "/projects/new", "/account", "{project}", "{project}/settings"]


def complaints(page: Page) -> list[str]:
    """What axe says of the page as it is now, after its movements have ended."""
    page.wait_for_load_state("networkidle")
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run()")
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.fixture
def look(page_for: Tabs) -> Callable[..., Page]:
    """Open a page in a theme, a width and a language."""
    page_for.allow(r"status of 4\d\d")

    def open_page(person: Person | None, path: str, how: tuple[str, int, str]) -> Page:
        theme, width, locale = how
        return page_for(person, path, color_scheme=theme, width=width, locale=locale)

    return open_page


@pytest.mark.parametrize("how", LOOKS)
@pytest.mark.parametrize("path", STRANGERS)
def test_pages_for_strangers(
    alice: Person, look: Callable[..., Page], path: str, how: tuple[str, int, str]
):
    assert complaints(look(None, path, how)) == []


@pytest.mark.parametrize("how", LOOKS)
@pytest.mark.parametrize("path", MEMBERS)
def test_pages_for_members(
    project: Project, bob: Person, look: Callable[..., Page], path: str, how: tuple[str, int, str]
):
    project.post(bob, "Hello, **Alice**: `x = 1`")
    assert complaints(look(project.owner, path.format(project=project.page), how)) == []


@pytest.mark.parametrize("how", LOOKS)
def test_an_invitation(
    project: Project, cast: Cast, look: Callable[..., Page], how: tuple[str, int, str]
):
    path = f"/invite/{project.owner.post(f'{project.api}/invites', {}).json()['token']}"
    assert complaints(look(None, path, how)) == []
    assert complaints(look(cast.newcomer(), path, how)) == []


@pytest.mark.parametrize("how", LOOKS)
def test_what_opens_over_a_page(
    project: Project, look: Callable[..., Page], how: tuple[str, int, str]
):
    page = look(project.owner, f"{project.page}/settings", how)
    for key, dialog in (("Control+k", "#switcher"), ("?", "#shortcuts")):
        page.keyboard.press(key)
        expect(page.locator(dialog)).to_be_visible()
        assert complaints(page) == []
        page.keyboard.press("Escape")
        expect(page.locator(dialog)).to_be_hidden()
    page.locator("[data-form-confirm] button").first.click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("alertdialog")).to_be_hidden()
    if page.locator(".drawer-button").is_visible():
        page.locator(".drawer-button").click()
    page.locator(".sidebar__person").click()
    expect(page.locator("#account-menu")).to_be_visible()
    assert complaints(page) == []


@pytest.mark.parametrize("how", LOOKS)
def test_files(project: Project, look: Callable[..., Page], how: tuple[str, int, str]):
    alice = project.owner
    post(alice, project, upload(alice, project, "a.png", picture()), upload(alice, project))
    page = look(alice, project.page, how)
    files = [
        FilePayload(name=name, mimeType="", buffer=name.encode()[1:]) for name in ("b.txt", "c")
    ]
    page.locator("input[type=file]").set_input_files(files)
    expect(page.locator(".upload[data-state=done]")).to_be_visible()
    expect(page.locator(".upload[data-state=failed]")).to_be_visible()
    assert complaints(page) == []
    page.locator(".picture").click()
    expect(page.locator(".viewer")).to_be_visible()
    assert complaints(page) == []


@pytest.mark.parametrize("how", LOOKS)
def test_what_opens_around_a_message(
    project: Project, bob: Person, look: Callable[..., Page], how: tuple[str, int, str]
):
    number = project.post(bob, "Lunch?")["number"]
    project.post(project.owner, "Where?", replyTo=number)
    message = f"{project.api}/messages/{number}"
    for done in (
        bob.put(f"{message}/reactions/👍"),
        bob.put(f"{message}/pin"),
        bob.patch(message, {"content": "Dinner?"}),
    ):
        assert done.ok
    page = look(project.owner, project.page, how)
    page.wait_for_load_state("networkidle")
    ask = "(detail) => dispatchEvent(new CustomEvent('panel:open', {detail}))"
    for view, sign in (
        ("details", ".panel__name"),
        ("pins", ".pin"),
        ("thread", ".panel .message"),
    ):
        page.evaluate(ask, {"view": view, "number": number})
        expect(page.locator(sign).first).to_be_visible()
        assert complaints(page) == []
        page.keyboard.press("Escape")
        expect(page.locator(".panel")).to_be_hidden()
    page.locator(".message__edited:visible").click()
    expect(page.locator(".revisions .message__body")).to_have_count(2)
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator(".composer__tool").first.click()
    expect(page.locator(".picker__emoji").first).to_be_visible()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-composer-target=input]").press_sequentially(":rock")
    expect(page.get_by_role("option").first).to_be_visible()
    assert complaints(page) == []


@pytest.mark.parametrize("how", LOOKS)
def test_a_form_with_errors(project: Project, look: Callable[..., Page], how: tuple[str, int, str]):
    page = look(project.owner, "/projects/new", how)
    page.locator("[name=name]").press("Enter")
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    assert complaints(page) == []


@pytest.mark.parametrize("how", LOOKS)
def test_what_opens_in_the_chat(
    project: Project, bob: Person, look: Callable[..., Page], how: tuple[str, int, str]
):
    number = project.post(bob, "Hello, @alice. Do you come?")["number"]
    project.post(project.owner, "Yes, @bob", replyTo=number)
    assert bob.put(f"{project.api}/unread", {"number": 1}).ok
    page = look(bob, project.page, how)
    expect(page.locator(".light")).to_have_attribute("data-state", "live")
    page.locator("[data-panel-view-param=catch-up]").click()
    expect(page.locator(".catch-up__entry")).to_have_count(1)
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator(".composer__input").press_sequentially("@")
    expect(page.locator(".completion__option").first).to_be_visible()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator(".message__progress:visible").click()
    expect(page.locator("#readers")).to_be_visible()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator(".day__button").last.press("Enter")
    expect(page.locator("#jump")).to_be_visible()
    assert complaints(page) == []
