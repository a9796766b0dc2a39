"""docs/security.md names every place that takes input, with its bounds."""

import pytest

from projchat import create_app
from support import inputs

UNBOUNDED = {"type": "string"}


@pytest.fixture(scope="module")
def app():
    return create_app()


def test_the_page_has_every_place(app):
    text = inputs.PAGE.read_text()
    shown = inputs.page_with(text, inputs.table(app))
    assert text == shown, "Run make inputs-page."


def test_it_sees_routes_events_headers_and_pages(app):
    seen = {(place.where, place.name) for place in inputs.places(app)}
    assert seen >= {
        ("POST /api/session", "password"),
        ("GET /api/search", "q"),
        ("event typing", "isTyping"),
        ("event join_room", "since"),
        ("any request", "Origin"),
        ("a page", "next"),
    }


@pytest.mark.parametrize(
    "schema", [UNBOUNDED, {"type": "array", "items": UNBOUNDED}, {"type": "integer"}]
)
def test_a_field_without_a_bound_in_length_fails(schema):
    with pytest.raises(LookupError, match="length"):
        inputs.bounded("POST /api/new", "content", schema)


def test_a_field_of_which_nobody_said_what_it_costs_fails():
    with pytest.raises(LookupError, match="work"):
        inputs.bounded("POST /api/new", "poem", {"type": "string", "maxLength": 10})


def test_a_header_of_which_nobody_said_what_it_costs_fails(monkeypatch):
    monkeypatch.delitem(inputs.HEADERS, "Origin")
    with pytest.raises(LookupError, match="Origin"):
        inputs.headers()
