"""Everything around the chat, as people use it in the browser."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from support.browser import Tabs
from support.cast import Cast, Project
from support.person import PASSWORD, Person
from support.server import Server

REFUSED = r"status of 4\d\d"


def fill(page: Page, **fields: str) -> None:
    """Type into fields by their names and send with Enter."""
    for name, text in fields.items():
        page.locator(f"[name={name}]:visible").fill(text)
    page.keyboard.press("Enter")


def focused(page: Page) -> str:
    """The name, or the words, of what has the focus."""
    name: str = page.evaluate(
        "(document.activeElement.name || document.activeElement.innerText || '').trim()"
    )
    return name


# --- The first five minutes ---


def test_the_first_visit_from_nothing_to_two_people_in_a_project(
    make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs]
):
    tabs = make_tabs(make_server())

    olga = tabs(path="/")
    expect(olga).to_have_url(re.compile("/setup$"))
    expect(olga.locator("form input:visible")).to_have_count(3)
    assert focused(olga) == "name"
    fill(olga, name="Olga", username="olga", password=PASSWORD)

    expect(olga).to_have_url(re.compile("/projects/new$"))
    assert focused(olga) == "name"
    fill(olga, name="Website")
    expect(olga).to_have_url(re.compile(r"/projects/\d+$"))

    expect(olga.get_by_role("textbox", name="Message")).to_be_focused()
    link = olga.get_by_role("textbox", name="Invite link")
    expect(link).to_have_value(re.compile("/invite/"))

    boris = tabs(path=link.input_value())
    expect(boris.get_by_role("heading", level=1)).to_have_text("Join “Website”")
    expect(boris.get_by_text("Olga invites you")).to_be_visible()
    expect(boris.locator("form input:visible")).to_have_count(2)
    fill(boris, username="boris", password=PASSWORD)
    expect(boris).to_have_url(re.compile(r"/projects/\d+$"))
    expect(boris.locator(".sidebar__link")).to_have_text([re.compile("Website")])


def test_a_form_sent_before_its_script_has_loaded_is_not_lost(cast: Cast, page_for: Tabs):
    someone = cast.newcomer()
    page = page_for()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/controllers/form.js*", hold)
    page.goto("/login", wait_until="commit")
    fill(page, username=someone.username, password=PASSWORD)
    while not held:
        page.wait_for_timeout(50)
    page.wait_for_timeout(100)
    assert "password" not in page.url
    held[0].continue_()
    expect(page).not_to_have_url(re.compile("/login"))


# --- Logging in ---


def test_login_goes_on_to_where_one_wanted_to_go(cast: Cast, page_for: Tabs):
    someone = cast.newcomer()
    page = page_for(path="/account")
    expect(page).to_have_url(re.compile(r"/login\?next="))
    fill(page, username=someone.username, password=PASSWORD)
    expect(page).to_have_url(re.compile("/account$"))


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/", "//example.org", "javascript:alert(1)"]
)
def test_login_never_leads_to_another_site(cast: Cast, page_for: Tabs, elsewhere: str):
    someone = cast.newcomer()
    page = page_for(path=f"/login?next={elsewhere}")
    fill(page, username=someone.username, password=PASSWORD)
    expect(page).to_have_url(re.compile(r"/projects$"))


def test_a_wrong_password_is_told_and_what_was_typed_stays(alice: Person, page_for: Tabs):
    page_for.allow(REFUSED)
    page = page_for(path="/login")
    fill(page, username="alice", password="not the password")
    expect(page.get_by_role("alert")).to_have_text("The username or the password is wrong.")
    expect(page.locator("[name=username]")).to_have_value("alice")
    expect(page.get_by_role("button", name="Log in")).not_to_have_attribute("aria-disabled", "true")


def test_an_error_of_a_field_stands_beside_it_and_takes_the_focus(
    cast: Cast, project: Project, page_for: Tabs
):
    page_for.allow(REFUSED)
    page = page_for(project.owner, f"{project.page}/settings")
    name = page.get_by_label("Name", exact=True)
    name.fill(" ")
    page.get_by_role("button", name="Save").click()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description("A project's name has 1 to 100 characters.")
    name.fill("A better name")
    page.keyboard.press("Enter")
    expect(name).not_to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()


def test_a_server_that_is_away_is_told_and_the_form_can_be_sent_again(
    project: Project, page_for: Tabs
):
    page_for.allow("ERR_FAILED")
    page = page_for(project.owner, f"{project.page}/settings")
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_label("Description").fill("What was typed")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="No connection")).to_be_visible()
    page.unroute("**/api/**")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Description")).to_have_value("What was typed")


def test_a_token_that_has_gone_stale_is_renewed(project: Project, page_for: Tabs):
    page_for.allow(REFUSED)
    page = page_for(project.owner, f"{project.page}/settings")
    page.evaluate("document.querySelector('meta[name=csrf-token]').content = 'stale'")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()


# --- Invitations ---


def test_someone_with_an_account_joins_by_one_click(cast: Cast, project: Project, page_for: Tabs):
    someone = cast.newcomer()
    invite = project.owner.post(f"{project.api}/invites", {}).json()
    page = page_for(someone, f"/invite/{invite['token']}")
    page.get_by_role("button", name=f"Join as {someone.name}").click()
    expect(page).to_have_url(re.compile(f"{project.page}$"))


def test_the_login_from_an_invitation_leads_back_to_it(
    cast: Cast, project: Project, page_for: Tabs
):
    someone = cast.newcomer()
    invite = project.owner.post(f"{project.api}/invites", {}).json()
    page = page_for(path=f"/invite/{invite['token']}")
    page.get_by_role("link", name="Log in").click()
    fill(page, username=someone.username, password=PASSWORD)
    expect(page).to_have_url(re.compile(f"/invite/{invite['token']}$"))


def test_a_revoked_link_says_so(project: Project, page_for: Tabs):
    page_for.allow(REFUSED)
    page = page_for(project.owner, f"{project.page}/settings")
    page.get_by_role("button", name="Create a link").click()
    expect(page.get_by_role("button", name="Copy").first).to_be_focused()
    address = page.get_by_role("textbox", name="Invite link").first.input_value()
    page.get_by_role("button", name="Revoke").first.click()
    expect(page.get_by_role("status").filter(has_text="no longer works")).to_be_visible()
    stranger = page_for(path=address)
    expect(stranger.get_by_role("heading", level=1)).to_have_text(
        "This invitation is no longer valid"
    )


def test_a_link_is_copied(project: Project, page_for: Tabs):
    page = page_for(
        project.owner,
        f"{project.page}/settings",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page.get_by_role("button", name="Create a link").click()
    expect(page.get_by_role("button", name="Copy").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    address = page.get_by_role("textbox", name="Invite link").first.input_value()
    assert page.evaluate("navigator.clipboard.readText()") == address


# --- Members ---


def row(page: Page, person: Person) -> Any:
    """The row of a member."""
    return page.get_by_role("listitem").filter(has_text=f"@{person.username}")


def test_the_owner_changes_a_role_and_removes_a_member(
    project: Project, bob: Person, page_for: Tabs
):
    page = page_for(project.owner, f"{project.page}/settings")
    row(page, bob).get_by_role("combobox").select_option("admin")
    expect(page.get_by_role("status").filter(has_text="The role is changed.")).to_be_visible()
    page.reload()
    expect(row(page, bob).get_by_role("combobox")).to_have_value("admin")

    row(page, bob).get_by_role("button", name="Remove").click()
    question = page.get_by_role("alertdialog")
    expect(question.get_by_role("heading")).to_have_text("Remove Bob from the project?")
    page.keyboard.press("Escape")
    expect(row(page, bob)).to_be_visible()

    row(page, bob).get_by_role("button", name="Remove").click()
    question.get_by_role("button", name="Remove").click()
    expect(row(page, bob)).to_have_count(0)
    assert bob.get(project.api).status_code == 404


def test_a_member_sees_the_others_but_nothing_to_manage(
    project: Project, bob: Person, page_for: Tabs
):
    page = page_for(bob, f"{project.page}/settings")
    expect(page.get_by_role("heading", name="Members")).to_be_visible()
    expect(page.get_by_role("heading", name="Invite links")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    expect(page.get_by_role("heading", name="Archive")).to_have_count(0)


def test_a_member_leaves(project: Project, bob: Person, page_for: Tabs):
    page = page_for(bob, f"{project.page}/settings")
    page.get_by_role("button", name="Leave the project").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Leave").click()
    expect(page).to_have_url(re.compile("/projects$"))
    expect(page.get_by_role("link", name=project.name)).to_have_count(0)


def test_the_owner_hands_the_project_over(project: Project, bob: Person, page_for: Tabs):
    page = page_for(project.owner, f"{project.page}/settings")
    page.get_by_label("New owner").select_option("Bob")
    page.get_by_role("button", name="Hand over").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Hand over").click()
    expect(row(page, bob)).to_contain_text("owner")
    expect(row(page, project.owner)).to_contain_text("administrator")


def test_a_project_is_archived_and_opened_again(project: Project, page_for: Tabs):
    page = page_for(project.owner, f"{project.page}/settings")
    page.get_by_role("button", name="Archive the project").click()
    expect(page.get_by_role("button", name="Open again")).to_be_visible()
    expect(page.get_by_role("heading", name="Invite links")).to_have_count(0)
    page.goto("/projects")
    archived = page.get_by_role("region", name="Archived")
    expect(archived.get_by_role("link", name=project.name)).to_be_visible()
    page.goto(f"{project.page}/settings")
    page.get_by_role("button", name="Open again").click()
    expect(page.get_by_role("button", name="Archive the project")).to_be_visible()


def test_a_new_name_shows_everywhere_at_once(project: Project, page_for: Tabs):
    page = page_for(project.owner, f"{project.page}/settings")
    page.get_by_label("Name", exact=True).fill("Renamed <b>now</b>")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Renamed <b>now</b>")
    current = page.locator(".sidebar__link[aria-current=page]")
    expect(current).to_contain_text("Renamed <b>now</b>")


# --- My account ---


def test_other_logins_are_seen_and_ended(cast: Cast, server: Server, page_for: Tabs):
    someone = cast.newcomer()
    elsewhere = Person(server, someone.username)
    elsewhere.login()
    page = page_for(someone, "/account")
    rows = page.get_by_role("region", name="My logins").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="this browser")).to_have_count(1)
    page.get_by_role("button", name="End", exact=True).click()
    expect(rows).to_have_count(1)
    expect(page.get_by_role("button", name="End all other logins")).to_be_hidden()
    assert elsewhere.get("/api/projects").status_code == 401
    assert someone.get("/api/projects").status_code == 200


def test_all_other_logins_end_together(cast: Cast, server: Server, page_for: Tabs):
    someone = cast.newcomer()
    others = [Person(server, someone.username) for _ in range(2)]
    for other in others:
        other.login()
    page = page_for(someone, "/account")
    page.get_by_role("button", name="End all other logins").click()
    expect(page.get_by_role("status").filter(has_text="All other logins")).to_be_visible()
    assert [other.get("/api/projects").status_code for other in others] == [401, 401]


def test_the_password_is_changed(cast: Cast, server: Server, page_for: Tabs):
    page_for.allow(REFUSED)
    someone = cast.newcomer()
    page = page_for(someone, "/account")
    fill(page, currentPassword="not mine", newPassword="quite another one")
    current = page.get_by_label("Current password")
    expect(current).to_be_focused()
    expect(current).to_have_accessible_description("This is not your present password.")
    fill(page, currentPassword=PASSWORD)
    expect(page.get_by_role("status").filter(has_text="password is changed")).to_be_visible()
    expect(current).to_have_value("")
    elsewhere = Person(server, someone.username, "quite another one")
    assert elsewhere.login().ok


def test_the_name_is_changed(cast: Cast, page_for: Tabs):
    someone = cast.newcomer()
    page = page_for(someone, "/account")
    fill(page, name="Someone Else", email="someone@example.org")
    expect(page.locator(".sidebar__person")).to_contain_text("Someone Else")


def test_log_out(cast: Cast, page_for: Tabs):
    someone = cast.newcomer()
    page = page_for(someone, "/projects")
    page.get_by_role("button", name="Account, language and theme").click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login$"))
    page.goto("/projects")
    expect(page).to_have_url(re.compile("/login"))


# --- Language and theme ---


def test_the_language_follows_the_browser_and_the_switch(
    cast: Cast, server: Server, page_for: Tabs
):
    page = page_for(path="/login", locale="ru-RU")
    expect(page.get_by_role("heading", level=1)).to_have_text("Войти")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_times_and_counts_are_in_the_language_of_the_page(cast: Cast, bob: Person, page_for: Tabs):
    reader = cast.newcomer()
    project = cast.project(reader, [bob])
    for number in range(2):
        project.post(bob, f"Message {number}")
    assert reader.patch("/api/account", {"locale": "ru"}).ok
    page = page_for(reader, f"{project.page}/settings", locale="en-US")
    page.get_by_role("button", name="Создать ссылку").click()
    expect(page.get_by_text("истекает через 7 дней").first).to_be_visible()
    unread = page.locator(".sidebar__link[aria-current=page] [data-unread=messages]")
    expect(unread).to_contain_text("непрочитанных сообщения")


def test_a_chosen_theme_is_there_before_the_first_paint(alice: Person, page_for: Tabs):
    page = page_for(path="/login", color_scheme="light")
    page.get_by_role("button", name="Dark").click()
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    assert page.evaluate(scheme) == "dark"
    page.route(
        "**/*.js*",
        lambda route: route.abort() if "application" in route.request.url else route.continue_(),
    )
    page_for.allow("ERR_FAILED")
    page.reload()
    assert page.evaluate(scheme) == "dark"
    page.unroute("**/*.js*")
    page.reload()
    page.get_by_role("button", name="Like the system").click()
    assert page.evaluate(scheme) == "light dark"


# --- Narrow windows and the keyboard ---


def test_the_sidebar_is_a_drawer_in_a_narrow_window(cast: Cast, project: Project, page_for: Tabs):
    page = page_for(project.owner, f"{project.page}/settings", width=390)
    opener = page.get_by_role("button", name="Open the menu")
    sidebar = page.get_by_role("complementary", name="Projects and account")
    expect(sidebar).to_be_hidden()
    opener.focus()
    page.keyboard.press("Enter")
    expect(sidebar).to_be_visible()
    assert page.evaluate("document.querySelector('#sidebar').contains(document.activeElement)")
    assert page.evaluate("document.querySelector('main').inert")
    page.keyboard.press("Escape")
    expect(sidebar).to_be_hidden()
    expect(opener).to_be_focused()


@pytest.mark.parametrize("path", ["/projects", "/projects/new", "/account", "{project}/settings"])
@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
def test_nothing_is_wider_than_a_narrow_window(
    project: Project, page_for: Tabs, path: str, locale: str
):
    page = page_for(project.owner, path.format(project=project.page), width=390, locale=locale)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_switcher_goes_to_a_project_by_the_keyboard_alone(cast: Cast, page_for: Tabs):
    someone = cast.newcomer()
    cast.project(someone, name="Бухгалтерия")
    wanted = cast.project(someone, name="Ёлки и игрушки")
    page = page_for(someone, "/projects")
    page.keyboard.press("Control+k")
    page.keyboard.type("елки")
    expect(page.get_by_role("option")).to_have_text(["Ёлки и игрушки"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{wanted.page}$"))


def test_the_shortcuts_are_listed_and_do_not_catch_typed_question_marks(cast: Cast, page_for: Tabs):
    page = page_for(cast.newcomer(), "/projects/new")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    page.keyboard.type("What?")
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Name")).to_have_value("What?")
    page.get_by_label("Name").blur()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_project_is_made_and_shared_without_a_mouse(cast: Cast, page_for: Tabs):
    page = page_for(cast.newcomer(), "/projects")
    tab_to(page, "New project")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/projects/new$"))
    page.keyboard.type("By keys alone")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/projects/\d+$"))
    page.goto(page.url + "/settings")
    tab_to(page, "Create a link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copy").first).to_be_focused()


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what says these words has the focus, and shows it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if focused(page) == words:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"{words!r} cannot be reached with Tab.")


# --- What is not there ---


@pytest.mark.parametrize("path", ["/nowhere", "/projects/999999", "/projects/999999/settings"])
def test_a_page_that_is_not_there_says_so_and_leads_on(alice: Person, page_for: Tabs, path: str):
    page_for.allow(REFUSED)
    page = page_for(alice, path)
    expect(page.get_by_text("There is nothing here, or it is not yours to see.")).to_be_visible()
    expect(page.get_by_role("link", name="Go to the start page")).to_be_visible()


def test_the_description_of_the_api_needs_nobody_else(
    alice: Person, server: Server, page_for: Tabs
):
    page = page_for(alice)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/docs")
    expect(page.get_by_text("/api/session").first).to_be_visible()
    assert not [url for url in asked if not url.startswith((server.url, "data:"))]
