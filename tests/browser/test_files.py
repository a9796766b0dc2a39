"""Files in the chat: chosen, pasted and dropped, on their way, and looked at."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from faults.proxy import FaultProxy
from support.browser import Tabs, hold
from support.cast import Project
from support.chat import AWAY, Chat
from support.files import picture, post, upload
from support.person import Person
from support.server import Server

SLOW = 400_000

# What a person does with the mouse or the clipboard, which a browser lets no program do.
GIVE = """([selector, event, files, text]) => {
    const transfer = new DataTransfer();
    if (text) transfer.setData("text/plain", text);
    for (const {name, size} of files) {
        transfer.items.add(new File([new Uint8Array(size)], name));
    }
    const data = event === "paste" ? {clipboardData: transfer} : {dataTransfer: transfer};
    const kind = event === "paste" ? ClipboardEvent : DragEvent;
    const made = new kind(event, {bubbles: true, cancelable: true, ...data});
    document.querySelector(selector).dispatchEvent(made);
}"""


def file(name: str, data: bytes = b"some notes") -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": data}


class Files(Chat):
    """The chat page, and the files on it."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.tray = page.locator(".upload")
        self.names = page.locator(".upload__name")
        self.progress = page.get_by_role("progressbar")
        self.pictures = page.locator(".message .picture__image")
        self.files = page.locator(".message .file")
        self.viewer = page.locator(".viewer")

    def choose(self, *files: FilePayload) -> None:
        """Choose files in the browser's own window."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Attach files").click()
        chooser.value.set_files(list(files))

    def give(self, selector: str, event: str, *names: str, size: int = 100, text: str = "") -> None:
        """Paste or drop files."""
        files = [{"name": name, "size": size} for name in names]
        self.page.evaluate(GIVE, [selector, event, files, text])

    def has_uploaded(self, count: int) -> None:
        """Wait until so many files are there."""
        expect(self.page.locator(".upload[data-state=done]")).to_have_count(count)


@pytest.fixture
def open_files(page_for: Tabs, project: Project) -> Callable[..., Files]:
    """Open the project's page for a person, live."""

    def open_for(person: Person, **options: Any) -> Files:
        chat = Files(page_for(person, project.page, **options))
        chat.is_live()
        return chat

    return open_for


def size_of(image: Locator) -> tuple[float, float]:
    box = image.bounding_box()
    assert box
    return box["width"], box["height"]


def test_two_people_share_files(open_files: Callable[..., Files], alice: Person, bob: Person):
    mine, other = open_files(alice), open_files(bob, width=390)
    mine.choose(file("план.pdf", b"%PDF-1.7 " + b"x" * 3000), file("wide.png", picture(1600, 400)))
    mine.has_uploaded(2)
    expect(mine.composer).to_be_focused()
    mine.say("The plan")
    for chat in (mine, other):
        expect(chat.texts).to_have_text(["The plan"])
        expect(chat.files).to_contain_text("план.pdf")
        expect(chat.files).to_contain_text("PDF · 2.9 kB")
        expect(chat.pictures).to_have_js_property("complete", True)
        expect(chat.pictures).to_have_js_property("naturalWidth", 480)
    assert size_of(mine.pictures) == (320, 80)
    expect(mine.tray).to_have_count(0)
    with other.page.expect_download() as download:
        other.files.click()
    assert download.value.suggested_filename == "план.pdf"
    assert other.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_file_alone_is_a_message(open_files: Callable[..., Files], alice: Person, bob: Person):
    mine, other = open_files(alice), open_files(bob)
    mine.choose(file("notes.txt"))
    mine.has_uploaded(1)
    mine.composer.press("Enter")
    expect(other.files).to_contain_text("notes.txt")
    expect(other.messages).to_have_count(1)
    mine.page.locator(".message .file").hover()
    mine.page.locator(".actions [data-act=reply]").click()
    expect(mine.page.locator(".composer__excerpt")).to_have_text("notes.txt")


def test_files_are_pasted_and_dropped(open_files: Callable[..., Files], alice: Person):
    chat = open_files(alice)
    chat.give(".composer__input", "paste", "pasted.txt")
    chat.give(".composer__input", "paste", "picture of a text.png", text="a text")
    chat.give(".timeline", "dragover", "dropped.txt")
    zone = chat.page.locator(".drop-zone")
    expect(zone).to_be_visible()
    chat.give(".timeline", "drop", "dropped.txt", "and another.txt")
    expect(zone).to_be_hidden()
    expect(chat.names).to_have_text(["pasted.txt", "dropped.txt", "and another.txt"])
    chat.has_uploaded(3)
    chat.say("Three")
    expect(chat.files).to_have_count(3)


def test_what_cannot_be_sent_says_why(open_files: Callable[..., Files], alice: Person):
    chat = open_files(alice)
    chat.give(".timeline", "drop", "empty.txt", size=0)
    chat.give(".timeline", "drop", "large.bin", size=25 * 1024 * 1024 + 1)
    failures = chat.page.locator(".upload__failure")
    expect(failures).to_have_text(
        ["Not uploaded: The file is empty.", "Not uploaded: It is larger than 25 MB."]
    )
    chat.say("Not yet")
    expect(chat.page.locator(".toast")).to_contain_text("Some files were not uploaded.")
    expect(chat.composer).to_have_value("Not yet")
    for _ in range(2):
        chat.page.locator(".upload__remove").first.click()
    chat.composer.press("Enter")
    expect(chat.texts).to_have_text(["Not yet"])
    chat.choose(*(file(f"{number}.txt") for number in range(12)))
    expect(chat.tray).to_have_count(10)
    expect(chat.page.locator(".toast")).to_have_text("A message takes ten files; 2 are left out.")


def test_progress_is_shown_and_a_file_can_be_given_up(
    open_files: Callable[..., Files], alice: Person, database: Any
):
    chat = open_files(alice)
    held = hold(chat.page, "**/uploads/*")
    chat.choose(file("slow.bin", b"x" * 300_000))
    expect(chat.progress).to_have_attribute("max", "300000")
    expect(chat.progress).to_have_js_property("value", 0)
    while not held:
        chat.page.wait_for_timeout(20)
    held.pop().continue_()
    expect(chat.progress).to_have_js_property("value", 131_072)
    expect(chat.page.locator(".upload__state")).to_have_text("128 kB of 293 kB")
    chat.page.unroute("**/uploads/*")
    with chat.page.expect_request(lambda request: request.method == "DELETE"):
        chat.page.get_by_role("button", name="Remove slow.bin").click()
    expect(chat.tray).to_have_count(0)
    expect(chat.composer).to_be_focused()


def test_a_refused_file_can_be_tried_again(
    open_files: Callable[..., Files], page_for: Tabs, alice: Person
):
    page_for.allow(r"status of 409")
    chat = open_files(alice)
    refusal = {"error": {"code": "upload_quota", "message": "No room.", "fields": {}}}
    chat.page.route("**/uploads", lambda route: route.fulfill(status=409, json=refusal))
    chat.choose(file("notes.txt"))
    expect(chat.page.locator(".upload__failure")).to_have_text("Not uploaded: No room.")
    chat.page.unroute("**/uploads")
    chat.page.get_by_role("button", name="Try notes.txt again").click()
    chat.has_uploaded(1)


# --- A bad network ---


@pytest.fixture
def network(server: Server) -> Iterator[FaultProxy]:
    """A network in front of the server, which the test spoils."""
    proxy = FaultProxy(server.port)
    yield proxy
    proxy.close()


def test_a_broken_upload_goes_on_and_its_message_is_sent_without_a_click(
    page_for: Tabs, network: FaultProxy, project: Project, alice: Person, bob: Person
):
    page_for.allow(*AWAY)
    page = page_for(alice)
    page.context.add_cookies(
        [
            {"name": cookie.name, "value": cookie.value or "", "url": network.url}
            for cookie in alice.http.cookies
        ]
    )
    page.goto(network.url + project.page)
    chat, other = Files(page), Files(page_for(bob, project.page))
    chat.is_live()
    other.is_live()
    network.bytes_per_second = SLOW
    data = bytes(range(256)) * 4000
    chat.choose(file("large.bin", data))
    chat.say("Here it is")
    expect(page.locator(".uploads__status")).to_contain_text("as soon as its files are there")
    while chat.progress.evaluate("(bar) => bar.value") < 200_000:
        page.wait_for_timeout(50)
    network.shut()
    network.cut()
    chat.is_offline()
    expect(page.locator(".upload__state")).to_have_text("waiting for the connection…")
    sent = page.evaluate("document.querySelector('progress').value")
    offsets = list[int]()
    page.on(
        "request",
        lambda request: offsets.append(int(request.headers.get("upload-offset", sent))),
    )
    network.go()
    expect(other.texts).to_have_text(["Here it is"], timeout=30_000)
    expect(chat.tray).to_have_count(0)
    expect(chat.composer).to_have_value("")
    assert min(offsets) >= sent, "It went on where it had stopped."
    url = other.files.get_attribute("href")
    assert url
    assert bob.get(url).content == data


def test_a_message_with_a_file_waits_in_the_outbox_like_any_other(
    open_files: Callable[..., Files], page_for: Tabs, alice: Person, bob: Person
):
    page_for.allow(*AWAY)
    chat, other = open_files(alice), open_files(bob)
    chat.choose(file("a.png", picture()))
    chat.has_uploaded(1)
    chat.page.route("**/messages", lambda route: route.abort())
    chat.say("Later")
    expect(chat.page.locator(".message--unsent .picture")).to_be_visible()
    expect(chat.page.locator("[data-state=sending]")).to_have_count(1)
    chat.page.unroute("**/messages")
    expect(other.pictures).to_be_visible(timeout=30_000)
    expect(chat.page.locator(".message--unsent")).to_have_count(0)
    expect(chat.pictures).to_have_count(1)


# --- Looking at pictures ---


@pytest.fixture
def album(project: Project, bob: Person) -> Project:
    """Pictures in two messages."""
    two = [upload(bob, project, f"{name}.png", picture(900, 600)) for name in ("one", "two")]
    post(bob, project, *two, content="Two")
    post(bob, project, upload(bob, project, "three.png", picture(300, 900)))
    return project


def test_pictures_are_looked_at_with_the_keyboard(
    open_files: Callable[..., Files], album: Project, alice: Person
):
    chat = open_files(alice)
    expect(chat.pictures).to_have_count(3)
    chat.page.locator(".picture").first.focus()
    chat.page.keyboard.press("Enter")
    name, place = chat.viewer.locator(".viewer__name"), chat.viewer.locator(".viewer__place")
    image = chat.viewer.locator(".viewer__image")
    expect(name).to_have_text("one.png")
    expect(image).to_have_js_property("naturalWidth", 900)
    expect(place).to_have_text("1 of 3")
    for _ in range(4):
        chat.page.keyboard.press("ArrowRight")
    expect(name).to_have_text("three.png")
    expect(chat.viewer.get_by_role("button", name="Next picture")).to_have_attribute(
        "aria-disabled", "true"
    )
    chat.page.keyboard.press("ArrowLeft")
    expect(name).to_have_text("two.png")
    with chat.page.expect_download() as download:
        chat.viewer.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "two.png"
    chat.page.keyboard.press("Escape")
    expect(chat.viewer).to_be_hidden()
    expect(chat.page.locator(".picture").first).to_be_focused()


def test_a_picture_that_is_alone_leads_nowhere(
    open_files: Callable[..., Files], project: Project, alice: Person
):
    post(alice, project, upload(alice, project, "alone.png", picture()))
    chat = open_files(alice)
    chat.pictures.click()
    expect(chat.viewer.locator(".viewer__name")).to_have_text("alone.png")
    expect(chat.viewer.get_by_role("button")).to_have_count(1)
    expect(chat.viewer.locator(".viewer__place")).to_be_hidden()


def test_a_picture_has_its_place_before_it_is_there(page_for: Tabs, album: Project, alice: Person):
    page = page_for(alice)
    held = hold(page, "**/thumbnails/*")
    page.goto(album.page)
    chat = Files(page)
    chat.is_live()
    before = [size_of(image) for image in chat.pictures.all()]
    assert [round(height) for _, height in before] == [213, 213, 240]
    place = chat.place_of("Two")
    for route in held:
        route.continue_()
    for image in chat.pictures.all():
        expect(image).to_have_js_property("complete", True)
    assert [size_of(image) for image in chat.pictures.all()] == before
    assert chat.place_of("Two") == place
