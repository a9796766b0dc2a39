"""What every run is judged by: the writers' receipts, the database, and what each reader shows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from support.database import Database

Message = dict[str, Any]
Identity = tuple[int, int, str]

ROWS = """
SELECT number, version, client_id, kind, body, author_id, edited_at, deleted_at
FROM messages WHERE project_id = :project ORDER BY number
"""


@dataclass
class Receipts:
    """What one writer tried, and what the server acknowledged, in the order of writing."""

    tried: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[str, Message] = field(default_factory=dict)
    # By clientId: the text after the last acknowledged change, None once deleted.
    changed: dict[str, str | None] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    in_order: bool = True


@dataclass
class View:
    """What one reader shows at the end, and what it noticed on the way."""

    name: str
    messages: list[Message]
    applied: list[int] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    # Number, id and clientId of every message that it was told of, also of those it let go again.
    heard: Iterable[Identity] = ()


class Verdict(AssertionError):
    """The promises were broken; says how."""


def judge(
    database: Database,
    project_id: int,
    fresh: list[Message],
    receipts: Iterable[Receipts] = (),
    views: Iterable[View] = (),
) -> None:
    """Raise `Verdict` unless everything that was promised holds."""
    rows = database.rows(ROWS, project=project_id)
    head = database.rows(
        "SELECT version, message_count FROM projects WHERE id = :project", project=project_id
    )[0]
    receipts = list(receipts)
    faults = [
        *_faults_of_counters(rows, head),
        *_faults_of_fresh(rows, fresh),
        *_faults_of_strangers(rows, receipts),
    ]
    for one in receipts:
        faults += _faults_of_receipts(rows, one)
    for view in views:
        faults += _faults_of_view(fresh, view)
    if faults:
        more = f"\n… and {len(faults) - 20} more" if len(faults) > 20 else ""
        raise Verdict("\n".join(faults[:20]) + more)


def _faults_of_counters(rows: list[Message], head: Message) -> Iterable[str]:
    """Numbers run 1..n; no two changes share a version; the counters tell the truth."""
    numbers = [row["number"] for row in rows]
    if numbers != list(range(1, len(rows) + 1)):
        yield f"Numbers do not run 1..{len(rows)}: {_first_gap(numbers)}"
    versions = [row["version"] for row in rows]
    if len(set(versions)) < len(versions):
        yield "Two messages have the same version."
    if rows and (head["message_count"], head["version"]) != (len(rows), max(versions)):
        yield f"The counters say {dict(head)}; there are {len(rows)} rows up to {max(versions)}."


def _first_gap(numbers: list[int]) -> str:
    pairs = zip(numbers, range(1, len(numbers) + 1), strict=True)
    return next((f"{is_} instead of {due}" for is_, due in pairs if is_ != due), "")


def _faults_of_fresh(rows: list[Message], fresh: list[Message]) -> Iterable[str]:
    """A reader who comes now is shown exactly the rows."""
    shown = [_essence(message) for message in fresh]
    stored = [
        (
            row["number"],
            row["version"],
            row["client_id"],
            row["body"],
            row["author_id"],
            row["edited_at"] is not None,
            row["deleted_at"] is not None,
        )
        for row in rows
    ]
    if shown != stored:
        yield f"A fresh reader sees something else than the database: {_difference(stored, shown)}"


def _essence(message: Message) -> tuple[Any, ...]:
    return (
        message["number"],
        message["version"],
        message["clientId"],
        message["content"],
        message["author"]["id"],
        message["editedAt"] is not None,
        message["deletedAt"] is not None,
    )


def _faults_of_strangers(rows: list[Message], receipts: list[Receipts]) -> Iterable[str]:
    """Nothing is there that nobody has written."""
    if not receipts:
        return
    tried = set().union(*(one.tried for one in receipts))
    strange = [row["number"] for row in rows if row["kind"] == "text"]
    strange = [number for number in strange if rows[number - 1]["client_id"] not in tried]
    if strange:
        yield f"Nobody has written the messages {strange[:5]}."


def _faults_of_receipts(rows: list[Message], receipts: Receipts) -> Iterable[str]:
    """What was acknowledged stands exactly once, as acknowledged, in the order it was typed."""
    stands = Counter(row["client_id"] for row in rows)
    places = {row["client_id"]: row for row in rows}
    for client_id, answer in receipts.acknowledged.items():
        if stands[client_id] != 1:
            yield f"{client_id} was acknowledged and stands {stands[client_id]} times."
        elif places[client_id]["number"] != answer["number"]:
            yield f"{client_id} was acknowledged as number {answer['number']} and stands elsewhere."
        elif _text(places[client_id]) != receipts.changed.get(client_id, answer["content"]):
            yield f"{client_id} does not have the text that was acknowledged last."
    for client_id in receipts.tried.keys() - receipts.acknowledged.keys():
        if stands[client_id] > 1:
            yield f"{client_id} stands {stands[client_id]} times."
    typed = [places[client_id]["number"] for client_id in receipts.tried if client_id in places]
    if receipts.in_order and typed != sorted(typed):
        yield f"What one person typed stands in another order: {_first_fall(typed)}"


def _text(row: Message) -> str | None:
    return None if row["deleted_at"] is not None else row["body"]


def _faults_of_view(fresh: list[Message], view: View) -> Iterable[str]:
    """A reader shows what a fresh one is shown, never went back or repeated a change, and was
    told of nothing that has not been stored, not even for the moment before it was mended.
    """
    if view.messages != fresh:
        yield f"{view.name} shows something else: {_difference(fresh, view.messages)}"
    if any(later <= earlier for earlier, later in pairwise(view.applied)):
        yield f"{view.name} applied changes out of order: {_first_fall(view.applied)}"
    stored = {identity(message) for message in fresh}
    if rumours := sorted(one for one in view.heard if one not in stored):
        yield f"{view.name} was told of messages that are not stored: {rumours[:5]}"
    for complaint in view.complaints:
        yield f"{view.name}: {complaint}"


def identity(message: Message) -> Identity:
    """What makes a message this one and no other; no change to it changes that."""
    return (message["number"], message["id"], message["clientId"])


def _first_fall(numbers: list[int]) -> str:
    pairs = pairwise(numbers)
    return next((f"{later} after {earlier}" for earlier, later in pairs if later <= earlier), "")


def _difference(expected: list[Any], found: list[Any]) -> str:
    for place, (one, other) in enumerate(zip(expected, found, strict=False), 1):
        if one != other:
            return f"at {place}, {_short(one, other)}"
    return f"{len(found)} messages instead of {len(expected)}"


def _short(one: Any, other: Any) -> str:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = [key for key in one if one.get(key) != other.get(key)]
        one = {key: one.get(key) for key in keys}
        other = {key: other.get(key) for key in keys}
    return f"{str(other)[:200]} instead of {str(one)[:200]}"
