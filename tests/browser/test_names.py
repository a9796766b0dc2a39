"""Names that may be taken for others, as the page shows them."""

from playwright.sync_api import expect

from support.browser import Tabs
from support.cast import Cast
from support.chat import Chat
from support.person import Person
from support.surgery import execute


def test_mistakable_names_have_the_username_beside_them(
    cast: Cast, page_for: Tabs, alice: Person
) -> None:
    mallory, trent = cast.newcomer("mallory"), cast.newcomer("trent")
    project = cast.project(alice, [mallory, trent])
    # Such a name is refused to whoever chooses it; it may be there from before.
    for person, name in ((mallory, "Аlice"), (trent, "оwner")):
        execute(
            cast.server, "UPDATE users SET name = :name WHERE id = :id", name=name, id=person.id
        )
    told = project.post(mallory, "Hello")
    project.post(trent, "Hello", replyTo=told["number"])
    assert trent.put(f"{project.api}/messages/{told['number']}/pin").ok
    chat = Chat(page_for(alice, project.page)).is_live()
    heads = chat.page.locator(".message__head:visible")
    expect(heads.filter(has_text="Аlice")).to_contain_text(f"@{mallory.username}")
    expect(heads.filter(has_text="оwner")).to_contain_text(f"@{trent.username}")
    quoted = chat.page.locator(".message__quoted-author:visible")
    expect(quoted).to_have_text(f"Аlice (@{mallory.username})")
    assert quoted.evaluate("(name) => name.scrollWidth <= name.clientWidth"), "It is cut."
    expect(chat.page.locator(".message--event").last).to_contain_text(
        f"оwner (@{trent.username}) pinned a message"
    )
    chat.page.locator(".presence").click()
    expect(chat.page.locator(".panel__person").filter(has_text="оwner")).to_contain_text(
        f"@{trent.username}"
    )


def test_a_refused_name_is_explained_at_its_field(
    cast: Cast, page_for: Tabs, alice: Person
) -> None:
    mallory = cast.newcomer("mallory")
    cast.project(alice, [mallory])
    page = page_for(mallory, "/account")
    page_for.allow("422")
    page.get_by_label("Your name").fill("аlice")
    page.get_by_label("Your name").press("Enter")
    expect(page.get_by_text("looks like that of somebody in your projects")).to_be_visible()
