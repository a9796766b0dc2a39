"""Notifications of the desktop, and what is pushed while no page is open."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from support.browser import Tabs
from support.cast import Cast, Project
from support.chat import Chat
from support.person import Person
from support.push import PushBrowser, PushService
from support.server import Server

# What is shown, in all tabs together.
SPY = """
if (globalThis.ServiceWorkerRegistration) {
    const show = ServiceWorkerRegistration.prototype.showNotification;
    ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
        const shown = JSON.parse(localStorage.shown ?? "[]");
        localStorage.shown = JSON.stringify([...shown, [title, options.body]]);
        return show.call(this, title, options);
    };
    const ask = Notification.requestPermission;
    Notification.requestPermission = () => {
        localStorage.asked = Number(localStorage.asked ?? 0) + 1;
        return ask.call(Notification);
    };
}
"""
SHOWN = "JSON.parse(localStorage.shown ?? '[]')"
VISIBLE = """async () => {
    const notifications = await (await navigator.serviceWorker.ready).getNotifications();
    return notifications.map(({title, body, data}) => [title, body, data]);
}"""
# Headless Chromium has no push service: the page is given a subscription with keys of ours.
SUBSCRIBED = """
if (globalThis.PushManager) {
    PushManager.prototype.getSubscription = async () => null;
    PushManager.prototype.subscribe = async () => ({toJSON: () => (%s)});
}
"""
CLICK = """async () => {
    self.opened = self.focused = null;
    self.clients.openWindow = async (url) => { self.opened = url; };
    WindowClient.prototype.focus = async function () { self.focused = this.url; };
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
    let notification;
    while (!notification) {
        await pause();
        [notification] = await self.registration.getNotifications();
    }
    self.dispatchEvent(new NotificationEvent("notificationclick", {notification}));
    while (!self.opened && !self.focused) await pause();
    return [self.opened, self.focused];
}"""


class Desk:
    """Bob's browser, which lets us notify him."""

    def __init__(self, tabs: Tabs, bob: Person, *scripts: str) -> None:
        tabs.allow("does not support the Push API in incognito mode")
        page = tabs(bob, "/account", service_workers="allow")
        self.context: BrowserContext = page.context
        self.context.grant_permissions(["notifications"])
        for script in (SPY, *scripts):
            self.context.add_init_script(script)
        self.account = page
        page.reload()

    def turn_on(self, state: str = "as long as a project is open in a tab") -> None:
        """Click the button."""
        self.account.get_by_role("button", name="Turn on notifications").click()
        expect(self.account.locator("#notices [role=status]")).to_contain_text(state)

    def open(self, project: Project, *, hidden: bool = False) -> Chat:
        """Open a project in another tab."""
        page = self.context.new_page()
        page.goto(project.page)
        chat = Chat(page).is_live()
        chat.hide(hidden)
        return chat

    def shows(self, *notices: list[str]) -> None:
        """Wait until just these were shown."""
        for _ in range(400):
            if (shown := self.account.evaluate(SHOWN)) == list(notices):
                break
            self.account.wait_for_timeout(50)
        assert shown == list(notices)


@pytest.fixture
def desk(page_for: Tabs, bob: Person) -> Desk:
    return Desk(page_for, bob)


@pytest.fixture
def other(cast: Cast, bob: Person) -> Project:
    """Another project of Bob's."""
    return cast.project(bob)


def test_the_browser_is_asked_only_after_a_click(desk: Desk):
    state = desk.account.locator("#notices [role=status]")
    expect(state).to_have_text("Notifications are off in this browser.")
    assert desk.account.evaluate("localStorage.asked") is None
    desk.turn_on()
    assert desk.account.evaluate("localStorage.asked") == "1"
    desk.account.reload()
    expect(state).to_contain_text("Notifications are on")
    desk.account.get_by_role("button", name="Turn off notifications").click()
    expect(state).to_have_text("Notifications are off in this browser.")
    expect(desk.account.get_by_role("button", name="Turn on notifications")).to_be_focused()


def test_another_project_notifies_once_for_all_tabs(
    desk: Desk, project: Project, other: Project, alice: Person
):
    desk.turn_on()
    tabs = [desk.open(other), desk.open(other), desk.open(project, hidden=True)]
    project.post(alice, "The text of it")
    desk.shows([f"Alice in {project.name}", "New message"])
    desk.account.get_by_label("Show the text of messages").check()
    said = project.post(alice, "Once more, @bob")
    notices = (
        [f"Alice in {project.name}", "New message"],
        [f"Alice in {project.name}", said["content"]],
    )
    desk.shows(*notices)
    # What is looked at is not told, and what was told of it goes away.
    tabs[2].hide(False)
    project.post(alice, "You see this")
    expect(tabs[2].texts).to_have_count(3)
    other.post(other.owner, "Mine is no news")
    tabs[2].page.wait_for_timeout(700)
    desk.shows(*notices)
    assert desk.account.evaluate(VISIBLE) == []


def test_nothing_is_shown_unless_it_is_wanted(
    desk: Desk, project: Project, other: Project, alice: Person
):
    tab = desk.open(other)
    project.post(alice, "Hello")
    tab.page.wait_for_timeout(700)
    desk.shows()


def test_a_click_leads_to_the_message(desk: Desk, project: Project, other: Project, alice: Person):
    desk.turn_on()
    desk.open(other)
    said = project.post(alice, "Over here")
    desk.shows([f"Alice in {project.name}", "New message"])
    [worker] = desk.context.service_workers
    assert worker.evaluate(CLICK) == [f"{project.page}/messages/{said['number']}", None]
    # A tab that has the project open is taken instead.
    tab = desk.open(project, hidden=True)
    project.post(alice, "And here")
    desk.shows(*[[f"Alice in {project.name}", "New message"]] * 2)
    opened, focused = worker.evaluate(CLICK)
    assert opened is None
    assert focused.endswith(project.page)
    tab.page.bring_to_front()
    expect(tab.message("And here")).to_be_focused()


def test_a_push_is_shown_while_no_page_looks(
    make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs]
):
    service = PushService()
    server = make_server(PROJCHAT_PUSH_STAND_IN=service.url)
    cast = Cast(server)
    alice, bob = cast.known("alice"), cast.known("bob")
    project = cast.project(alice, [bob])
    browser = PushBrowser(service)
    keys = {name: browser.subscription[name] for name in ("p256dh", "auth")}
    given = json.dumps({"endpoint": browser.endpoint, "keys": keys})
    desk = Desk(make_tabs(server), bob, SUBSCRIBED % given)
    desk.turn_on("Notifications are on.")
    said = project.post(alice, "Hello")
    [push] = service.wait_for(1)
    message = browser.read(push)
    deliver(desk.account, message)
    # No page was kept from which the worker could know the history.
    data = {"projectId": project.id, "number": said["number"], "history": None}
    assert desk.account.evaluate(VISIBLE) == [[f"Alice in {project.name}", "New message", data]]
    # Whoever has the project before their eyes is not told.
    tab = desk.open(project)
    tab.page.bring_to_front()
    deliver(tab.page, message)
    assert tab.page.evaluate(VISIBLE) == []
    service.close()


def deliver(page: Page, message: dict[str, Any]) -> None:
    """Bring a push to the service worker, as the browser's vendor does."""
    client = page.context.new_cdp_session(page)
    registrations: list[str] = []
    client.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda news: registrations.extend(one["registrationId"] for one in news["registrations"]),
    )
    client.send("ServiceWorker.enable")
    for _ in range(100):
        if registrations:
            break
        page.wait_for_timeout(20)
    origin = page.evaluate("location.origin")
    push = {"origin": origin, "registrationId": registrations[0], "data": json.dumps(message)}
    client.send("ServiceWorker.deliverPushMessage", push)
    page.wait_for_timeout(500)
