"""Every place that takes what others say, with its bound in length and in work.

The places are read from the application: its routes with their parameters and fields, the events
with their payloads, the headers that the code asks for. What each costs is told here, by hand, and
a place that nobody has told of fails `tests/test_inputs.py`.
"""

import ast
import inspect
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask

from projchat import create_app
from projchat.realtime import rooms
from projchat.realtime import typing as typing_event
from projchat.routes.contract import spec

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- inputs: written by make inputs-page -->", "<!-- end of inputs -->"

ADDRESS = "the address line, 8,190 bytes"
HEADER = "one field, 8,190 bytes; all of them 16 KiB"
LOOK_UP = "one look-up by an index"
COMPARED = "compared with known values"
MARKDOWN = (
    "10,000 characters (2,000 of a description), refused by length first; 64 KiB of HTML, 20 "
    "levels, 2,000 cells; code of 4,000 characters is coloured piece by piece for 50 ms at most"
)
PASSWORD = "argon2id on a thread of its own, one at a time; a list of common ones in memory"
NAME = (
    "refused by length first: 64 characters, 100 of a project, 1,000 of a file (200 of them kept)"
)
CURSOR = "one index range; a page ends at its limit and at 256 KB"
SEARCH = (
    "12 terms, 5 grams each; candidates by an index; read in slices that yield, with a share of "
    "the loop of its own"
)

#: What a field costs, by model and name or by name alone; numbers and switches cost nothing.
WORK = {
    "q": SEARCH,
    "content": MARKDOWN,
    "description": MARKDOWN,
    "username": NAME + "; then " + LOOK_UP,
    "name": NAME,
    "password": PASSWORD,
    "currentPassword": PASSWORD,
    "newPassword": PASSWORD,
    "token": "compared in constant time (set-up), or " + LOOK_UP + " (a link)",
    "email": "one pass over 254 characters",
    "endpoint": "one parse; looked up and connected to by a push alone, beside the requests",
    "p256dh": "decoded; one point of P-256 is checked",
    "auth": "decoded",
    "clientId": LOOK_UP,
    "uploads": "ten look-ups by an index",
    "editedAt": "compared with what the message has",
    "history": COMPARED,
    "type": "kept as it is said for nobody: the kind is read from the file",
    "date": "parsed; " + CURSOR,
    "before": CURSOR,
    "after": CURSOR,
    "around": CURSOR,
    "since": CURSOR,
    "limit": "a page ends at 256 KB, whatever its limit is",
    "wait": "ten polls at once a person, which hold neither transaction nor thread",
    "next": "one pattern: a path on this site, or nothing",
    "emoji": COMPARED,
    "upload_id": LOOK_UP,
    "filename": COMPARED,
    "version": COMPARED,
    "v": COMPARED,
    "locale": COMPARED,
}

#: What reading a header costs; those of the protocol itself are read by `projchat/worker.py`.
HEADERS = {
    "Cookie": "signatures of ours (HMAC), remembered for 4,096 cookies; the row by an index",
    "Host": "compared with the names of the site",
    "Origin": "compared with the origins of the site",
    "X-CSRFToken": "one signature, remembered for 4,096 tokens",
    "X-Projchat-History": COMPARED,
    "X-Request-ID": "taken from a proxy alone; one pass",
    "User-Agent": "cut to 200 characters",
    "Accept-Language": "one parse",
    "Upload-Offset": "one number",
    "X-Forwarded-For": "as many hops from its end as there are proxies, else it is removed",
}
READ_AS = {
    "request.user_agent": "User-Agent",
    "request.accept_languages": "Accept-Language",
    "request.cookies": "Cookie",
}

BODIES = [
    (
        "any JSON body",
        "256 KiB, 20 s and 1 KiB a second more; its framing 16 KiB",
        "one parse before the transaction begins; nested too deeply is refused",
    ),
    (
        "a piece of a file",
        "1 MiB; a file 25 MiB, quotas for all",
        "written as it comes, on threads of their own, 16 MiB a second",
    ),
    (
        "a picture",
        "36 million pixels, 100 scans",
        "decoded in a process of its own: 8 s of processor, 1 GiB, a gate of its own",
    ),
    (
        "a packet of Socket.IO",
        "16 KiB, 64 in a poll, no attachments",
        "one parse; unknown ones are dropped or refused, ten a second",
    ),
    (
        "an answer that is not read",
        "4 MiB of a person, or an address, in answers from 32 KiB on",
        "whoever leaves more unread is refused, with 429, before anything is read for it",
    ),
    (
        "a push service's answer",
        "its status line",
        "15 seconds in all, beside the requests",
    ),
]


class Place(NamedTuple):
    """One place that takes input: where, its name, its bound in length, and its work."""

    where: str
    name: str
    length: str
    work: str


def places(app: Flask) -> list[Place]:
    """Every place there is. Raises `LookupError` for one without a bound."""
    found = [*_of_routes(app), *_of_pages(), *_of_events(), *headers()]
    return sorted(set(found), key=lambda place: (place.where.split(" ")[-1], place))


def _of_routes(app: Flask) -> Iterator[Place]:
    with app.app_context():
        document = spec.spec
    models = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", []):
                yield bounded(where, parameter["name"], parameter["schema"], models, ADDRESS)
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body:
                for name, schema in _resolved(body["schema"], models)["properties"].items():
                    yield bounded(where, name, schema, models)


def _of_pages() -> Iterator[Place]:
    """What the code asks of an address by itself, beside what the routes declare."""
    for path in (ROOT / "projchat").rglob("*.py"):
        for name in re.findall(r"request\.args(?:\.get\(|\[)\s*\"(\w+)\"", path.read_text()):
            yield bounded("a page", name, {"type": "string"}, {}, ADDRESS)


def _of_events() -> Iterator[Place]:
    for module in (rooms, typing_event):
        for function in vars(module).values():
            handler = inspect.isfunction(function) and getattr(function, "__wrapped__", None)
            model = handler and typing.get_type_hints(handler).get("data")
            if model is not None and hasattr(model, "model_json_schema"):
                schema = model.model_json_schema(by_alias=True)
                for name, field in schema["properties"].items():
                    yield bounded(f"event {_event_of(handler)}", name, field)


def _event_of(handler: Any) -> str:
    """The name under which a handler is registered: the first argument of its decorator."""
    tree = ast.parse(Path(handler.__code__.co_filename).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == handler.__name__:
            [decorator] = node.decorator_list
            return str(ast.literal_eval(decorator.args[0]))  # type: ignore[attr-defined]
    raise LookupError(handler)


def headers() -> list[Place]:
    """What the code reads of a request's head."""
    found = []
    for name in sorted(_headers_asked_for()):
        if name not in HEADERS:
            raise LookupError(f"The header {name} has no bound in tests/support/inputs.py.")
        found.append(Place("any request", name, HEADER, HEADERS[name]))
    return found


def _headers_asked_for() -> set[str]:
    """The headers that the code reads."""
    asked: set[str] = set()
    for path in (ROOT / "projchat").rglob("*.py"):
        text = path.read_text()
        asked |= {name for words, name in READ_AS.items() if words in text}
        constants = dict(re.findall(r"^([A-Z_]+) = \"([\w-]+)\"", text, re.MULTILINE))
        for asking in re.findall(r"request\.headers(?:\.get\(|\[)\s*([\w\"-]+)", text):
            asked.add(constants[asking] if asking in constants else asking.strip('"'))
        if "X_FORWARDED_FOR" in text:
            asked.add("X-Forwarded-For")
    return asked


def bounded(
    where: str,
    name: str,
    schema: dict[str, Any],
    models: dict[str, Any] | None = None,
    otherwise: str | None = None,
) -> Place:
    """The bounds of one field; `otherwise` bounds the length where the schema does not.

    Raises `LookupError` where there is none.
    """
    models = models or {}
    kinds = [kind for kind in _kinds(schema, models) if kind.get("type") != "null"]
    lengths = [_length(kind, models) for kind in kinds]
    if None in lengths and otherwise is None:
        raise LookupError(f"{where}: {name} has no bound in length.")
    length = "; ".join(dict.fromkeys(each or otherwise or "" for each in lengths))
    if all(_is_plain(kind) for kind in kinds):
        return Place(where, name, length, WORK.get(name, COMPARED))
    if name not in WORK:
        raise LookupError(f"{where}: {name} has no bound in work in tests/support/inputs.py.")
    return Place(where, name, length, WORK[name])


def _kinds(schema: dict[str, Any], models: dict[str, Any]) -> list[dict[str, Any]]:
    schema = _resolved(schema, models)
    return schema.get("anyOf", [schema])


def _resolved(schema: dict[str, Any], models: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = models[schema["$ref"].split("/")[-1]]
    return schema


def _is_plain(kind: dict[str, Any]) -> bool:
    return kind.get("type") in ("integer", "boolean") or "enum" in kind or "const" in kind


def _length(kind: dict[str, Any], models: dict[str, Any]) -> str | None:
    """The bound of one kind of value in words; None if it says none."""
    if "enum" in kind:
        return "one of " + ", ".join(f"`{each}`" for each in kind["enum"])
    if kind.get("type") == "boolean":
        return "yes or no"
    if kind.get("type") == "integer" and "maximum" in kind:
        return f"{kind.get('minimum', 0):,} to {kind['maximum']:,}"
    if kind.get("type") == "string" and "maxLength" in kind:
        return f"{kind['maxLength']:,} characters"
    if kind.get("type") == "string" and (
        exact := re.search(r"\{(\d+)\}\$$", kind.get("pattern", ""))
    ):
        return f"{exact[1]} characters"
    if kind.get("type") == "array" and "maxItems" in kind:
        inner = _length(_resolved(kind["items"], models), models)
        return inner and f"{kind['maxItems']} of {inner}"
    return None


def table(app: Flask) -> str:
    """The places as the page shows them: the same field of several routes stands once."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for place in places(app):
        rows.setdefault((place.name, place.length, place.work), []).append(place.where)
    lines = ["| input | where | length | work |", "| --- | --- | --- | --- |"]
    for (name, length, work), where in rows.items():
        shown = "<br>".join(f"`{each}`" for each in dict.fromkeys(where))
        lines.append(f"| `{name}` | {shown} | {length} | {work} |")
    lines += [f"| {what} | | {length} | {work} |" for what, length, work in BODIES]
    return "\n".join(lines)


def page_with(text: str, rows: str) -> str:
    """The page with these rows between its marks."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{rows}\n\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Write the rows into docs/security.md."""
    PAGE.write_text(page_with(PAGE.read_text(), table(create_app())))


if __name__ == "__main__":
    sys.exit(main())
