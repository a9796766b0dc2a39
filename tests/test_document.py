"""What goes to several places is put into text once, and reads the same everywhere."""

import json

import pytest

from projchat import document
from projchat.document import Document, text_of, text_of_members

SAID = {"number": 1, "content": 'Привет 👋 "\\', "mentions": [4], "editedAt": None}


@pytest.fixture
def encoded(monkeypatch):
    """What is encoded, in its order."""
    seen = []
    encode = document.encode

    def note(value):
        seen.append(value)
        return encode(value)

    monkeypatch.setattr(document, "encode", note)
    return seen


def test_a_document_is_encoded_once(encoded):
    said = Document(SAID)
    members = text_of_members({"data": said})
    assert members == f'{{"data":{text_of(said)}}}'
    assert said.text == text_of(said)
    assert json.loads(said.text) == SAID
    assert encoded.count(SAID) == 1


def test_letters_stay_letters():
    assert "Привет" in Document(SAID).text


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"what": "emit", "data": Document(SAID), "skip_sid": None},
        {"rooms": {"project:1": {3: "Анна"}}, "from": "w"},
    ],
)
def test_an_object_with_documents_reads_as_any_other(members):
    assert json.loads(text_of_members(members)) == json.loads(json.dumps(members))


def test_an_answer_and_its_event_are_the_same(alice, project):
    live = alice.live()
    live.join(project.id)
    posted = alice.post(f"{project.api}/messages", {"content": SAID["content"]})
    assert posted.headers["Content-Type"] == "application/json"
    assert live.wait_for("new-message") == posted.json()
    edited = alice.patch(f"{project.api}/messages/{posted.json()['number']}", {"content": "Ещё"})
    assert live.wait_for("message-updated") == edited.json()
