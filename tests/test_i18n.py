"""Every word of the interface has its Russian, and the reader gets the right one."""

import gettext
import io
import itertools
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from projchat.i18n import locale_from_environment
from support.person import Person
from support.server import Server

ROOT = Path(__file__).parents[1]
TRANSLATIONS = ROOT / "projchat/translations"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")
DOMAINS = ("messages", "browser")

each_domain = pytest.mark.parametrize("domain", DOMAINS)


@cache
def russian(domain: str) -> Catalog:
    """A Russian catalogue as it is written."""
    with (TRANSLATIONS / f"ru/LC_MESSAGES/{domain}.po").open("rb") as file:
        return read_po(file, locale="ru")


def compiled() -> gettext.GNUTranslations:
    """The Russian catalogue of the server as it reads it."""
    binary = io.BytesIO()
    write_mo(binary, russian("messages"))
    binary.seek(0)
    return gettext.GNUTranslations(binary)


def translated(domain: str) -> Iterator[Message]:
    """The entries of a Russian catalogue, without its header."""
    return (message for message in russian(domain) if message.id)


@cache
def words_in_use(domain: str) -> dict[Any, str]:
    """Every text that code and templates, or scripts, mark for translation, and where."""
    with (TRANSLATIONS / f"{domain}.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    texts = extract_from_dir(ROOT, methods, options, keywords=keywords())
    return {text: f"{path}:{line}" for path, line, text, _, _ in texts}


def keywords() -> dict[str, Any]:
    """The names that mark a text, as scripts/catalogue gives them to pybabel."""
    words = shlex.split((ROOT / "scripts/catalogue").read_text(), comments=True)
    given = [after for word, after in itertools.pairwise(words) if word == "--keyword"]
    return DEFAULT_KEYWORDS | parse_keywords(given)


# --- The catalogues are whole ---


@each_domain
def test_everything_in_use_is_in_the_catalogue(domain: str):
    known = {message.id for message in translated(domain)}
    missing = {text: where for text, where in words_in_use(domain).items() if text not in known}
    assert not missing, f"Run make catalogue and translate: {missing}"


@each_domain
def test_nothing_is_in_the_catalogue_that_is_not_in_use(domain: str):
    used = words_in_use(domain)
    assert not [message.id for message in translated(domain) if message.id not in used]


@each_domain
def test_every_text_is_translated_and_none_is_a_guess(domain: str):
    assert not [message.id for message in translated(domain) if not all(forms(message.string))]
    assert not [message.id for message in translated(domain) if message.fuzzy]


@each_domain
def test_placeholders_agree(domain: str):
    for message in translated(domain):
        singular, *_ = forms(message.id)
        for form in forms(message.string):
            assert placeholders(form) == placeholders(singular), message.id


@each_domain
def test_a_text_for_counts_has_all_three_forms(domain: str):
    counted = [message for message in translated(domain) if message.pluralizable]
    assert counted
    for message in counted:
        assert len(forms(message.string)) == 3, message.id


def test_a_word_that_pages_and_scripts_share_is_the_same_in_both():
    server, browser = (
        {message.id: message.string for message in translated(domain)} for domain in DOMAINS
    )
    shared = server.keys() & browser.keys()
    assert shared
    assert {key: server[key] for key in shared} == {key: browser[key] for key in shared}


def forms(text: Any) -> tuple[str, ...]:
    """The one form of a text, or all of a counted one."""
    return tuple(text) if isinstance(text, tuple | list) else (text,)


def placeholders(text: str) -> set[str]:
    """What the program fills in."""
    return set(PLACEHOLDER.findall(text))


# --- Plural forms ---


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 непрочитанных сообщений"),
        (1, "1 непрочитанное сообщение"),
        (2, "2 непрочитанных сообщения"),
        (5, "5 непрочитанных сообщений"),
        (11, "11 непрочитанных сообщений"),
        (21, "21 непрочитанное сообщение"),
        (24, "24 непрочитанных сообщения"),
        (111, "111 непрочитанных сообщений"),
    ],
)
def test_plural_forms_of_russian(count: int, words: str):
    text = compiled().ngettext("%(num)s unread message", "%(num)s unread messages", count)
    assert text % {"num": count} == words


# --- The language of the server's console ---


@pytest.mark.parametrize(
    ("environment", "locale"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru"}, "ru"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:ru:en"}, "ru"),
        ({"LANG": "C", "LANGUAGE": "ru"}, "en"),
        ({"LANG": "", "LC_ALL": ""}, "en"),
    ],
)
def test_the_console_follows_the_environment_as_gettext_does(
    environment: dict[str, str], locale: str
):
    assert locale_from_environment(environment) == locale


# --- The language of the reader ---


def language_of(server: Server, path: str = "/login", **options: Any) -> str:
    """The language that a page says it is in."""
    page = requests.get(server.url + path, timeout=15, **options)
    found = re.search(r'<html lang="(\w+)"', page.text)
    assert found, page.text[:200]
    return found.group(1)


@pytest.mark.parametrize(
    ("preference", "locale"),
    [
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de,en;q=0.5", "en"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_a_stranger_reads_in_the_language_of_the_browser(
    server: Server, alice: Person, preference: str, locale: str
):
    assert language_of(server, headers={"Accept-Language": preference}) == locale


def test_a_stranger_may_choose(server: Server, alice: Person, anonymous: Person):
    assert anonymous.patch("/api/session", {"locale": "ru"}).status_code == 200
    page = anonymous.get("/login", headers={"Accept-Language": "en"})
    assert '<html lang="ru"' in page.text


def test_the_choice_of_an_account_goes_along_to_other_browsers(cast: Any, server: Server):
    someone = cast.newcomer()
    someone.patch("/api/account", {"locale": "ru"})
    elsewhere = Person(server, someone.username)
    elsewhere.login()
    page = elsewhere.get("/account", headers={"Accept-Language": "en"})
    assert '<html lang="ru"' in page.text


def test_an_unknown_language_is_refused(anonymous: Person):
    assert anonymous.patch("/api/session", {"locale": "xx"}).status_code == 422


def test_errors_come_in_the_language_of_the_reader(server: Server, alice: Person):
    answer = requests.get(
        f"{server.url}/api/projects", headers={"Accept-Language": "ru"}, timeout=15
    )
    assert answer.json()["error"]["message"] == "Войдите, чтобы продолжить."


# --- The words of the browser ---


def catalogue_of(server: Server, locale: str) -> dict[str, Any]:
    """What the module of a language exports."""
    answer = requests.get(f"{server.url}/i18n/{locale}.js", timeout=15)
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"
    exported: dict[str, Any] = json.loads(
        answer.text.removeprefix("export default ").strip().removesuffix(";")
    )
    return exported


def test_the_browser_gets_the_russian_words(server: Server):
    catalogue = catalogue_of(server, "ru")
    assert catalogue["locale"] == "ru"
    assert catalogue["messages"]["Copied."] == "Скопировано."
    assert catalogue["messages"]["{count} mention"] == [
        "{count} упоминание",
        "{count} упоминания",
        "{count} упоминаний",
    ]


def test_the_browser_is_not_sent_what_only_the_server_says(server: Server):
    words = catalogue_of(server, "ru")["messages"].keys()
    assert "Log in to go on." not in words
    assert words == {forms(message.id)[0] for message in translated("browser")}


def test_english_needs_no_catalogue(server: Server):
    assert catalogue_of(server, "en") == {"locale": "en", "messages": {}}


def test_there_is_no_catalogue_of_another_language(server: Server):
    assert requests.get(f"{server.url}/i18n/xx.js", timeout=15).status_code == 404
