"""The chat page, as people use it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from support.browser import Tabs
from support.cast import Cast, Project
from support.chat import AWAY, Chat
from support.person import Person
from support.server import Server

MOST_ROWS = 300


@pytest.fixture
def open_chat(page_for: Tabs, project: Project) -> Callable[..., Chat]:
    """Open the project's page for a person, live."""

    def open_for(person: Person, path: str | None = None, **options: Any) -> Chat:
        return Chat(page_for(person, path or project.page, **options)).is_live()

    return open_for


@pytest.fixture
def history(cast: Cast, alice: Person, bob: Person) -> Project:
    """A project with more messages than a page holds, all of them read."""
    return long_talk(cast.project(alice, [bob]), bob, 120)


def long_talk(project: Project, other: Person, count: int) -> Project:
    """Messages that differ in height, by two people in turn."""
    for number in range(count):
        person = (project.owner, other)[number // 3 % 2]
        project.post(person, f"line {number}" + "\nand more" * (number % 4))
    for person in (project.owner, other):
        assert person.put(f"{project.api}/read", {"number": count + 2}).ok
    return project


# --- Talking ---


def test_a_message_is_in_both_pages_once(
    open_chat: Callable[..., Chat], alice: Person, bob: Person
):
    one, other = open_chat(alice), open_chat(bob)
    one.say("**Hello** <b>Bob</b>")
    for chat in (one, other):
        expect(chat.texts).to_have_text(["Hello <b>Bob</b>"])
        expect(chat.texts.locator("strong")).to_have_text("Hello")
    expect(one.composer).to_have_value("")
    expect(one.composer).to_be_focused()


def test_my_message_is_sent_then_read(open_chat: Callable[..., Chat], alice: Person, bob: Person):
    mine = open_chat(alice)
    mine.say("Anybody here?")
    progress = mine.page.locator(".message__progress:visible")
    expect(progress).to_have_text("Sent")
    open_chat(bob)
    expect(progress).to_have_text("Read by 1 of 1")


def test_a_tab_out_of_sight_reads_nothing(
    open_chat: Callable[..., Chat], alice: Person, bob: Person
):
    mine, other = open_chat(alice), open_chat(bob)
    other.hide(True)
    mine.say("Are you looking?")
    expect(other.texts).to_have_text(["Are you looking?"])
    progress = mine.page.locator(".message__progress:visible")
    mine.page.wait_for_timeout(1500)
    expect(progress).to_have_text("Sent")
    other.hide(False)
    expect(progress).to_have_text("Read by 1 of 1")


def test_typing_is_seen_and_ends_with_the_silence(
    open_chat: Callable[..., Chat], alice: Person, bob: Person
):
    mine, other = open_chat(alice), open_chat(bob)
    mine.composer.press_sequentially("Well")
    expect(other.typing).to_have_text("Alice is typing…")
    expect(mine.typing).to_be_empty()
    other.page.wait_for_timeout(3500)
    expect(other.typing).to_have_text("Alice is typing…")
    expect(other.typing).to_be_empty(timeout=3000)
    mine.composer.press_sequentially("!")
    expect(other.typing).to_have_text("Alice is typing…")
    mine.composer.fill("")
    expect(other.typing).to_be_empty()


def test_enter_sends_and_shift_enter_breaks_the_line(open_chat: Callable[..., Chat], alice: Person):
    chat = open_chat(alice)
    low = chat.composer.bounding_box()
    chat.composer.press_sequentially("one")
    chat.composer.press("Shift+Enter")
    chat.composer.press_sequentially("two")
    grown = chat.composer.bounding_box()
    assert low
    assert grown
    assert grown["height"] > low["height"]
    chat.composer.press("Enter")
    expect(chat.texts).to_have_text(["one\ntwo"], use_inner_text=True)
    chat.say("   \n ")
    expect(chat.texts).to_have_count(1)


def test_what_is_typed_before_the_scripts_have_loaded_is_sent(
    page_for: Tabs, project: Project, alice: Person
):
    page = page_for(alice)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/controllers/composer.js*", hold)
    page.goto(project.page, wait_until="commit")
    chat = Chat(page)
    chat.say("early")
    page.wait_for_timeout(200)
    held[0].continue_()
    expect(chat.texts).to_have_text(["early"])


# --- Replies, edits, deletions ---


def test_a_reply_shows_its_quote_and_leads_to_it(
    open_chat: Callable[..., Chat], history: Project, alice: Person, bob: Person
):
    chat = open_chat(bob, history.page)
    history.post(alice, "As I said", replyTo=19)
    quote = chat.message("As I said").locator(".message__quote")
    expect(quote).to_contain_text("line 16")
    quote.click()
    expect(chat.message("line 16")).to_be_in_viewport()
    expect(chat.message("line 16")).to_have_class(re.compile("message--lit"))
    expect(chat.message("line 16")).to_be_focused()
    chat.pill.click()
    expect(chat.message("As I said")).to_be_in_viewport()


def test_reply_from_the_toolbar_and_by_key(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(alice, "A question")
    chat = open_chat(bob)
    chat.act("A question", "reply")
    expect(chat.page.locator(".composer__context")).to_contain_text("A question")
    expect(chat.composer).to_be_focused()
    chat.composer.press("Escape")
    expect(chat.page.locator(".composer__context")).to_be_hidden()
    chat.message("A question").focus()
    chat.page.keyboard.press("r")
    chat.say("An answer")
    expect(chat.message("An answer").locator(".message__quote")).to_contain_text("A question")


def test_up_edits_my_last_message(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    mine, other = open_chat(alice), open_chat(bob)
    mine.say("I meen this")
    expect(other.texts).to_have_count(1)
    project.post(bob, "What?")
    expect(mine.texts).to_have_count(2)
    mine.composer.press("ArrowUp")
    expect(mine.composer).to_have_value("I meen this")
    mine.say("I mean this")
    for chat in (mine, other):
        expect(chat.texts).to_have_text(["I mean this", "What?"])
        expect(chat.message("I mean this").locator(".message__edited")).to_be_visible()
    expect(mine.composer).to_have_value("")


def test_escape_gives_the_draft_back_after_an_edit(
    open_chat: Callable[..., Chat], project: Project, alice: Person
):
    project.post(alice, "Said")
    chat = open_chat(alice)
    chat.composer.fill("a draft")
    chat.act("Said", "edit")
    expect(chat.composer).to_have_value("Said")
    chat.composer.press("Escape")
    expect(chat.composer).to_have_value("a draft")


def test_delete_asks_and_leaves_a_tombstone(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(alice, "Secret")
    mine, other = open_chat(alice), open_chat(bob)
    mine.act("Secret", "delete")
    mine.page.get_by_role("button", name="Cancel").click()
    expect(mine.texts).to_have_text(["Secret"])
    expect(mine.message("Secret")).to_be_focused()
    mine.act("Secret", "delete")
    mine.page.locator("#confirm").get_by_role("button", name="Delete").click()
    for chat in (mine, other):
        expect(chat.texts).to_have_text(["Message deleted"])
    assert "Secret" not in other.page.content().split("page-data")[0]


def test_only_what_may_be_done_is_offered(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(alice, "Of Alice")
    project.post(bob, "Of Bob")
    anybody = ["react", "reply", "thread", "pin", "copy", "unread"]
    offers = {
        (alice, "Of Alice"): [*anybody, "readers", "edit", "delete"],
        (alice, "Of Bob"): [*anybody, "delete"],
        (bob, "Of Alice"): anybody,
        (bob, "Of Bob"): [*anybody, "readers", "edit", "delete"],
    }
    for person in (alice, bob):
        chat = open_chat(person)
        for text in ("Of Alice", "Of Bob"):
            chat.message(text).hover()
            buttons = chat.page.locator(".actions button:visible")
            acts = buttons.evaluate_all("(all) => all.map((one) => one.dataset.act)")
            assert acts == offers[person, text], (person, text)


def test_the_link_of_a_message_leads_to_it(
    open_chat: Callable[..., Chat], history: Project, alice: Person
):
    chat = open_chat(alice, f"{history.page}/messages/43")
    expect(chat.message("line 40")).to_be_in_viewport()
    expect(chat.message("line 40")).to_have_class(re.compile("message--lit"))
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.act("line 40", "copy")
    copied = chat.page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"{history.page}/messages/43")


# --- The timeline ---


def test_older_and_newer_pages_come_without_a_jump(
    open_chat: Callable[..., Chat], cast: Cast, alice: Person, bob: Person
):
    history = long_talk(cast.project(alice, [bob]), bob, 400)
    chat = open_chat(alice, history.page)
    assert chat.numbers()[-1] == 402
    chat.page.evaluate(WATCH)
    chat.box.hover()
    for direction, edge in ((-600, 1), (600, 402)):
        for _ in range(150):
            chat.page.mouse.wheel(0, direction)
            chat.page.wait_for_timeout(15)
            if edge in chat.numbers():
                break
        assert edge in chat.numbers()
    jumps, most = chat.page.evaluate("[window.jumps, window.most]")
    assert jumps == []
    assert most <= MOST_ROWS


# Between two frames, what is in sight moves as far as the reader scrolls, and not further.
WATCH = """() => {
    const box = document.querySelector(".timeline__box");
    const rows = box.getElementsByClassName("message");
    const middle = box.getBoundingClientRect().top + box.clientHeight / 2;
    const placeOf = (row) => row.querySelector(".message__body").getBoundingClientRect().top;
    window.jumps = [];
    window.most = 0;
    let row = null;
    let place = 0;
    const look = () => {
        if (row?.isConnected && Math.abs(placeOf(row) - place) > 650) {
            window.jumps.push(placeOf(row) - place);
        }
        window.most = Math.max(window.most, rows.length);
        row = [...rows].find((one) => one.getBoundingClientRect().bottom > middle);
        place = row && placeOf(row);
        requestAnimationFrame(look);
    };
    look();
}"""


def test_it_opens_at_the_first_unread_message(
    open_chat: Callable[..., Chat], history: Project, alice: Person, bob: Person
):
    for number in range(60):
        history.post(alice, f"new {number}")
    chat = open_chat(bob, history.page)
    expect(chat.divider).to_be_in_viewport()
    expect(chat.message("new 0")).to_be_in_viewport()
    expect(chat.pill).to_have_text(re.compile("new messages"))
    chat.pill.click()
    expect(chat.message("new 59")).to_be_in_viewport()
    expect(chat.pill).to_be_hidden()
    expect(chat.unread(history.id)).to_be_hidden()


def test_at_the_bottom_new_messages_keep_me_there(
    open_chat: Callable[..., Chat], history: Project, alice: Person, bob: Person
):
    chat = open_chat(bob, history.page)
    for number in range(5):
        history.post(alice, f"new {number}\n\nwith\n\nmany\n\nlines")
    expect(chat.texts.last).to_contain_text("new 4")
    expect(chat.texts.last).to_be_in_viewport()
    expect(chat.pill).to_be_hidden()


def test_elsewhere_new_messages_are_counted_and_nothing_moves(
    open_chat: Callable[..., Chat], history: Project, alice: Person, bob: Person
):
    chat = open_chat(bob, history.page)
    chat.box.hover()
    chat.page.mouse.wheel(0, -900)
    expect(chat.message("line 104")).to_be_in_viewport()
    place = chat.place_of("line 104")
    for number in range(3):
        history.post(alice, f"new {number}")
    expect(chat.pill).to_have_text("3 new messages")
    assert chat.place_of("line 104") == place
    chat.pill.click()
    expect(chat.message("new 2")).to_be_in_viewport()
    expect(chat.pill).to_be_hidden()


def test_the_divider_marks_what_came_while_i_was_away(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(alice, "seen")
    chat = open_chat(bob)
    expect(chat.unread(project.id)).to_be_hidden()
    chat.hide(True)
    project.post(alice, "while away")
    expect(chat.message("while away")).to_be_attached()
    chat.hide(False)
    expect(chat.divider).to_have_count(1)
    after = chat.divider.evaluate("(line) => line.nextElementSibling.textContent")
    assert "while away" in after
    chat.say("back")
    expect(chat.divider).to_have_count(0)


def test_messages_of_one_author_stand_together(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    for person, text in ((alice, "one"), (alice, "two"), (bob, "three"), (alice, "four")):
        project.post(person, text)
    chat = open_chat(alice)
    grouped = chat.page.locator(".message--grouped .message__body")
    expect(grouped).to_have_text(["two"])
    expect(chat.page.locator(".day")).to_have_count(1)


def test_the_arrow_keys_walk_through_the_messages(
    open_chat: Callable[..., Chat], project: Project, alice: Person
):
    for text in ("one", "two", "three"):
        project.post(alice, text)
    chat = open_chat(alice)
    expect(chat.texts).to_have_count(3)
    chat.composer.press("Shift+Tab")
    expect(chat.page.get_by_role("button", name="Attach files")).to_be_focused()
    chat.page.keyboard.press("Shift+Tab")
    expect(chat.message("three")).to_be_focused()
    for key, text in (("ArrowUp", "two"), ("ArrowUp", "one"), ("End", "three")):
        chat.page.keyboard.press(key)
        expect(chat.message(text)).to_be_focused()
    chat.page.keyboard.press("Tab")
    expect(chat.page.locator(".actions [data-act=react]")).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.composer).to_be_focused()


def test_the_focus_is_never_lost(open_chat: Callable[..., Chat], history: Project, bob: Person):
    chat = open_chat(bob, history.page)
    chat.box.hover()
    chat.page.mouse.wheel(0, -3000)
    expect(chat.pill).to_be_visible()
    chat.pill.focus()
    chat.page.keyboard.press("Enter")
    expect(chat.pill).to_be_hidden()
    expect(chat.messages.last).to_be_focused()
    chat.page.keyboard.type("and on")
    expect(chat.composer).to_be_focused()
    expect(chat.composer).to_have_value("and on")


# --- Drafts and the outbox ---


def test_a_draft_outlives_a_reload(open_chat: Callable[..., Chat], project: Project, bob: Person):
    project.post(bob, "Quoted")
    chat = open_chat(bob)
    chat.act("Quoted", "reply")
    chat.composer.fill("half a thought")
    chat.page.reload()
    expect(chat.composer).to_have_value("half a thought")
    expect(chat.page.locator(".composer__context")).to_contain_text("Quoted")
    chat.is_live()
    chat.composer.press("Enter")
    expect(chat.message("half a thought").locator(".message__quote")).to_be_visible()
    chat.page.reload()
    expect(chat.composer).to_have_value("")


def test_what_waits_is_sent_by_two_tabs_once_and_in_order(
    page_for: Tabs, open_chat: Callable[..., Chat], project: Project, alice: Person
):
    page_for.allow(*AWAY)
    first = open_chat(alice)
    second = another_tab(first)
    context: BrowserContext = first.page.context
    context.set_offline(True)
    written = [f"line {number}" for number in range(5)]
    for number, text in enumerate(written):
        (first, second)[number % 2].say(text)
    for chat in (first, second):
        expect(chat.texts).to_have_text(written)
        expect(chat.page.locator("[data-state=sending]")).to_have_count(5)
    context.set_offline(False)
    for chat in (first, second):
        expect(chat.page.locator("[data-state=sending]")).to_have_count(0, timeout=30_000)
        expect(chat.texts).to_have_text(written)
    texts = [message["content"] for message in messages_of(project)]
    assert texts == written


def test_what_waits_outlives_the_page(
    make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs]
):
    server = make_server()
    cast = Cast(server)
    alice = cast.known("alice")
    project = cast.project(alice)
    tabs = make_tabs(server)
    tabs.allow(*AWAY)
    chat = Chat(tabs(alice, project.page)).is_live()
    server.stop()
    chat.is_offline()
    written = ["one", "two", "three"]
    for text in written:
        chat.say(text)
    expect(chat.texts).to_have_text(written)
    chat.page.goto("about:blank")
    server.start()
    chat.page.goto(project.page)
    chat.is_live()
    expect(chat.page.locator("[data-state=sending]")).to_have_count(0)
    expect(chat.texts).to_have_text(written)
    assert [message["content"] for message in messages_of(project)] == written


def test_a_refused_message_says_why_and_can_be_changed(
    page_for: Tabs, open_chat: Callable[..., Chat], alice: Person
):
    page_for.allow("status of 422")
    chat = open_chat(alice)
    chat.say("x" * 10_001)
    failure = chat.page.locator(".message__failure:visible")
    expect(failure).to_contain_text("10,000 characters")
    failure.get_by_role("button", name="Edit").click()
    expect(failure).to_have_count(0)
    expect(chat.composer).to_be_focused()
    chat.say("shorter")
    expect(chat.texts).to_have_text(["shorter"])


def test_another_login_in_this_browser_neither_sees_nor_sends_what_waits(
    page_for: Tabs, open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    page_for.allow(*AWAY, "status of 401")
    chat = open_chat(alice)
    context = chat.page.context
    chat.page.route("**/messages", lambda route: route.abort())
    chat.say("from Alice")
    expect(chat.page.locator("[data-state=sending]")).to_have_count(1)
    context.clear_cookies()
    context.add_cookies(
        [
            {"name": cookie.name, "value": cookie.value or "", "url": alice.server.url}
            for cookie in bob.http.cookies
        ]
    )
    other = context.new_page()
    other.goto(project.page)
    as_bob = Chat(other).is_live()
    expect(as_bob.texts).to_have_count(0)
    expect(chat.page.locator(".sidebar__person")).to_contain_text("Bob")
    other.wait_for_timeout(1500)
    assert messages_of(project) == []


# --- The light ---


def test_it_starts_afresh_where_the_server_was_restored_from_a_backup(
    make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs]
):
    server = make_server()
    database = server.instance / "projchat.sqlite3"
    if not database.exists():
        pytest.skip("the backup is of a SQLite file")
    cast = Cast(server)
    alice = cast.known("alice")
    project = cast.project(alice)
    project.post(alice, "before the backup")
    backup = {path: path.read_bytes() for path in server.instance.glob("*.sqlite3*")}
    tabs = make_tabs(server)
    tabs.allow(*AWAY)
    chat = Chat(tabs(alice, project.page)).is_live()
    for number in range(5):
        project.post(alice, f"lost {number}")
    expect(chat.texts).to_have_count(6)
    server.stop()
    chat.is_offline()
    for path in server.instance.glob("*.sqlite3*"):
        path.unlink()
    for path, content in backup.items():
        path.write_bytes(content)
    server.start()
    chat.is_live()
    expect(chat.texts).to_have_text(["before the backup"])
    project.post(alice, "after it")
    expect(chat.texts).to_have_text(["before the backup", "after it"])


def test_a_page_from_the_back_forward_cache_catches_up(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    chat = open_chat(bob)
    leave = "(name) => dispatchEvent(new PageTransitionEvent(name, {persisted: true}))"
    chat.page.evaluate(leave, "pagehide")
    expect(chat.light).not_to_have_attribute("data-state", "live")
    project.post(alice, "while it was put aside")
    chat.page.evaluate(leave, "pageshow")
    chat.is_live()
    expect(chat.texts).to_have_text(["while it was put aside"])


def test_presence_shows_who_is_here(open_chat: Callable[..., Chat], alice: Person, bob: Person):
    chat = open_chat(alice)
    people = chat.page.locator(".presence .avatar")
    expect(people).to_have_count(1)
    other = open_chat(bob)
    expect(people).to_have_count(2)
    chat.page.locator(".presence").click()
    expect(chat.page.locator(".panel .avatar--present")).to_have_count(2)
    other.page.close()
    expect(people).to_have_count(1)
    expect(chat.page.locator(".panel .avatar--present")).to_have_count(1)
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator(".panel")).to_be_hidden()
    expect(chat.page.locator(".presence")).to_be_focused()


def test_the_panel_is_opened_from_anywhere_and_gives_the_focus_back(
    open_chat: Callable[..., Chat], alice: Person
):
    chat = open_chat(alice)
    panel = chat.page.locator(".panel")
    ask = "(view) => dispatchEvent(new CustomEvent('panel:open', {detail: {view}}))"
    chat.page.evaluate(ask, "nowhere")
    expect(panel).to_be_hidden()
    chat.composer.focus()
    chat.page.evaluate(ask, "details")
    expect(panel.get_by_role("heading", name="Details")).to_be_visible()
    expect(panel.get_by_role("button", name="Close")).to_be_focused()
    expect(chat.page.locator(".presence")).to_have_attribute("aria-expanded", "true")
    chat.page.keyboard.press("Enter")
    expect(panel).to_be_hidden()
    expect(chat.composer).to_be_focused()


def test_whoever_is_removed_is_told_and_hears_nothing_more(
    page_for: Tabs, open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    page_for.allow("status of 404")
    chat = open_chat(bob)
    project.remove(bob)
    expect(chat.light).to_have_attribute("data-state", "closed")
    expect(chat.composer).to_be_hidden()
    expect(chat.page.get_by_text("You are not in this project any more.")).to_be_visible()
    project.post(alice, "among ourselves")
    chat.page.wait_for_timeout(500)
    expect(chat.texts).to_have_count(0)
    project.admit(bob)


def test_whoever_is_logged_out_elsewhere_comes_to_the_login(cast: Cast, page_for: Tabs):
    someone = cast.newcomer()
    project = cast.project(someone)
    elsewhere = someone.again()
    chat = Chat(page_for(someone, project.page)).is_live()
    assert elsewhere.delete("/api/account/sessions").ok
    expect(chat.page).to_have_url(re.compile("/login"))


def test_an_archived_project_can_only_be_read(
    open_chat: Callable[..., Chat], project: Project, alice: Person
):
    project.post(alice, "Said")
    chat = open_chat(alice)
    assert alice.patch(project.api, {"archived": True}).ok
    expect(chat.composer).to_be_hidden()
    chat.message("Said").hover()
    buttons = chat.page.locator(".actions button:visible")
    assert buttons.evaluate_all("(all) => all.map((one) => one.dataset.act)") == ["thread", "copy"]
    assert alice.patch(project.api, {"archived": False}).ok
    expect(chat.composer).to_be_visible()


def test_a_new_name_and_a_new_member_show_at_once(
    open_chat: Callable[..., Chat], cast: Cast, project: Project, alice: Person
):
    chat = open_chat(alice)
    assert alice.patch(project.api, {"name": "Renamed"}).ok
    expect(chat.page.locator("h1")).to_have_text("Renamed")
    newcomer = cast.newcomer(name="Zoe")
    project.admit(newcomer)
    expect(chat.page.locator(".message--event").last).to_contain_text("Zoe joined")
    chat.page.locator(".presence").click()
    expect(chat.page.locator(".panel__name")).to_have_text(["Alice", "Bob", "Zoe"])


# --- Narrow and quiet ---


@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
def test_nothing_is_cut_off_on_a_phone(
    open_chat: Callable[..., Chat], project: Project, alice: Person, locale: str
):
    project.post(alice, "word " * 60 + "https://example.org/" + "long" * 60)
    project.post(alice, "```\n" + "wide " * 80 + "\n```")
    chat = open_chat(alice, width=390, height=700, locale=locale)
    overflow = "(root) => root.scrollWidth - root.clientWidth"
    assert chat.page.locator("html").evaluate(overflow) == 0
    assert chat.box.evaluate(overflow) == 0
    chat.page.locator(".presence").click()
    expect(chat.page.locator(".panel")).to_be_in_viewport()
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator(".panel")).to_be_hidden()


def another_tab(chat: Chat) -> Chat:
    """The same person's second tab of the same page."""
    page: Page = chat.page.context.new_page()
    page.goto(chat.page.url)
    return Chat(page).is_live()


def messages_of(project: Project) -> list[dict[str, Any]]:
    """What people said, as the server has it."""
    answer = project.owner.get(f"{project.api}/messages?limit=500").json()
    return [message for message in answer["messages"] if message["kind"] == "text"]
