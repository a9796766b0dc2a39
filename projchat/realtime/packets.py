"""How Socket.IO's packets are encoded: as events are, documents once and in their own letters."""

from types import SimpleNamespace
from typing import Any

import engineio.json
from socketio import packet

from ..document import text_of


def _dumps(value: Any, **_options: Any) -> str:
    return text_of(value)


class Packet(packet.Packet):  # type: ignore[misc]  # It has no types.
    """A packet of text; nobody is sent binary data, so nothing is searched for it."""

    uses_binary_events = False
    json = SimpleNamespace(dumps=_dumps, loads=engineio.json.loads)
