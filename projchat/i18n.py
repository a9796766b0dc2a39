"""The languages we speak: choosing one per reader, one per process, and serving the catalogue."""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from babel.core import negotiate_locale
from babel.support import NullTranslations, Translations
from flask import g, has_request_context, request, session
from flask_babel import get_locale

LOCALES = ("en", "ru")
DEFAULT_LOCALE = "en"
TRANSLATIONS = Path(__file__).parent / "translations"
#: The domains of gettext: what the server says itself, and what is sent to every browser.
SERVER, BROWSER = "messages", "browser"

#: The variables that name a process's language, in the order gettext programs read them.
ENVIRONMENT = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")

Messages: TypeAlias = dict[str, str | list[str]]


def is_supported(locale: object) -> bool:
    """Whether we have words in this language."""
    return locale in LOCALES


def select_locale() -> str:
    """The reader's language: their account's, this browser's choice, its preference, English."""
    if not has_request_context():
        return DEFAULT_LOCALE
    chosen = (g.get("account_locale"), session.get("locale"))
    for locale in chosen:
        if is_supported(locale):
            return str(locale)
    return request.accept_languages.best_match(LOCALES) or DEFAULT_LOCALE


def reader_locale() -> str:
    """The language of the request in hand, as a plain code."""
    locale = get_locale()
    return locale.language if locale else DEFAULT_LOCALE


def server_gettext(msgid: str) -> str:
    """A text of the server's own console, in the language of the process."""
    return _translations(server_locale(), SERVER).ugettext(msgid)


@cache
def server_locale() -> str:
    """The language the process was started in, as any gettext program finds it."""
    return locale_from_environment(dict(os.environ))


def locale_from_environment(environment: dict[str, str]) -> str:
    """The first language we speak among those the environment asks for.

    As in gettext, LANGUAGE is a list and counts only where the locale proper is not "C".
    """
    locale = next((environment[name] for name in ENVIRONMENT[1:] if environment.get(name)), "C")
    if locale.split(".")[0] in ("C", "POSIX"):
        return DEFAULT_LOCALE
    wanted = [*environment.get("LANGUAGE", "").split(":"), locale]
    codes = [code.split(".")[0].split("@")[0] for code in wanted if code]
    return negotiate_locale(codes, LOCALES) or DEFAULT_LOCALE


def catalogue(locale: str) -> dict[str, Any]:
    """The words of one language for the browser: plural texts are lists in CLDR order."""
    return {"locale": locale, "messages": _messages(locale)}


def catalogue_source(locale: str) -> bytes:
    """The catalogue of a language as an ES module."""
    words = json.dumps(catalogue(locale), ensure_ascii=False)
    return f"export default {words};\n".encode()


@cache
def catalogue_packed(locale: str) -> bytes:
    """The same, compressed."""
    return gzip.compress(catalogue_source(locale), mtime=0)


@cache
def _messages(locale: str) -> Messages:
    messages: Messages = {}
    plurals: dict[str, dict[int, str]] = {}
    for key, text in _catalogue_entries(locale):
        if isinstance(key, tuple):
            plurals.setdefault(key[0], {})[key[1]] = text
        elif key:
            messages[key] = text
    for msgid, forms in plurals.items():
        messages[msgid] = [forms[index] for index in sorted(forms)]
    return messages


def _catalogue_entries(locale: str) -> list[tuple[Any, str]]:
    # Python's gettext keeps a read catalogue in `_catalog` and offers no public way to list it.
    return list(getattr(_translations(locale, BROWSER), "_catalog", {}).items())


@cache
def _translations(locale: str, domain: str) -> NullTranslations:
    return Translations.load(str(TRANSLATIONS), [locale], domain)
