"""JSON objects that are put into text once, though they go to several places."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

# In their own letters: of Cyrillic that is a third of what escapes would take.
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Document(dict[str, Any]):
    """An object that is answered, told to a room and to the other workers; nobody changes it."""

    @cached_property
    def text(self) -> str:
        """It as JSON."""
        return encode(self)

    @property
    def size(self) -> int:
        """How many bytes it has on the wire."""
        return len(self.text.encode())


class Envelope(Document):
    """An object around documents, whose text is put together of theirs."""

    @cached_property
    def text(self) -> str:
        """It as JSON."""
        return text_of_members(self)


def text_of(value: Any) -> str:
    """A value as JSON; that of a document is there already."""
    if isinstance(value, Document):
        return value.text
    if isinstance(value, list) and value and isinstance(value[0], Document):
        return f"[{','.join(map(text_of, value))}]"
    return encode(value)


def text_of_members(members: Mapping[str, Any]) -> str:
    """An object as JSON whose members may be documents, or lists of them."""
    texts = (f"{encode(name)}:{text_of(value)}" for name, value in members.items())
    return f"{{{','.join(texts)}}}"
