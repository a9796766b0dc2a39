"""The index of the messages' words.

A new message waits for its words to be noted: several at once cost half as much, and nobody who
posts has to wait for it. `Project.indexed_count` says how many messages of a project have been
noted, the first ones; a search notes the others before it looks. What is noted is kept right by
each change in its own transaction, what waits is noted as it is by then. Whoever notes or changes
holds the row of the project, as whoever posts does.

What the tokens of a message are, `projchat.searching` says. A database only has to find the
messages that hold certain ones, the newest first, and each does it in its own way:

- SQLite by an FTS5 table without content, which walks back from the newest message and stops
  when the page is full. Each project is one shelf.
- PostgreSQL by a GIN index, which can only name all the messages at once. So the messages of a
  project stand on shelves of `SHELF`, and `finding` asks the newest shelves first.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    table,
    true,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY

from .. import searching
from ..extensions import db
from ..searching import ABOUT
from .types import UtcDateTime

if TYPE_CHECKING:
    from .message import Message

INDEX = "message_index"
SHELF = 2**15
# How many messages of a project are noted in one transaction, and about how many characters of
# them: the project waits meanwhile, some 5 ms for common messages and 20 for long ones.
BATCH, BATCH_CHARACTERS = 50, 20_000
# How many messages are noted together when the index is filled.
AT_ONCE = 1000
# A key as a word of FTS5.
WORD = "x%x"

Clauses: TypeAlias = list[list[str]]


def note_next(connection: Connection, project_id: int) -> bool:
    """Note the words of the next messages of a project; whether there are more to note."""
    given = {"project": project_id}
    waiting = connection.execute(_WAITING, given).one_or_none()
    if waiting is None or waiting.indexed_count >= waiting.message_count:
        return False
    after = waiting.indexed_count
    last = min(after + BATCH, waiting.message_count)
    some, characters = [], 0
    for message in connection.execute(_BETWEEN, {**given, "after": after, "last": last}).all():
        some.append(message)
        characters += len(message.html)
        if characters > BATCH_CHARACTERS:
            last = message.number
            break
    _note(connection, some)
    connection.execute(_INDEXED, {**given, "count": last})
    return bool(last < waiting.message_count)


def complete(connection: Connection) -> None:
    """Note the words of all messages that wait for it."""
    for project_id in connection.scalars(_BEHIND).all():
        while note_next(connection, project_id):
            pass


def change(message: "Message", old_keys: list[int]) -> None:
    """Note the new words of a message in place of the old ones, those of `keys_of` before."""
    if _is_noted(message):
        of_this_database().change(message.id, old_keys, keys_of(message))


def remove(message: "Message", old_keys: list[int]) -> None:
    """Forget the words of a message."""
    if _is_noted(message):
        of_this_database().remove(message.id, old_keys)


def _is_noted(message: "Message") -> bool:
    """Whether its words are in the index; the row of the project is held."""
    return message.number <= message.project.indexed_count


def keys_of(message: "Message") -> list[int]:
    """What the index keeps of a message as it is now."""
    return _keys(of_this_database(), message)


def fill(connection: Connection) -> None:
    """Note the words of all messages that are there; the index must be empty."""
    last = 0
    while messages := connection.execute(_NEXT, {"last": last}).all():
        _note(connection, messages)
        last = messages[-1].id


def _note(connection: Connection, messages: Sequence[Any]) -> None:
    keeper = KEEPERS[connection.dialect.name]
    if rows := [keeper.row(each.id, _keys(keeper, each)) for each in messages]:
        connection.execute(keeper.insert, rows)


def is_modelled(_thing: Any, name: str | None, kind: str, *_rest: Any) -> bool:
    """Whether a thing in the database has a model; the index is no model's, nor what FTS5 adds."""
    return kind != "table" or not str(name).startswith(INDEX)


def _keys(keeper: "Keeper", message: Any) -> list[int]:
    has = ("file",) if message.attachments else ()
    tokens = searching.tokens(message.html, has)
    about = searching.about(message.author_id, message.created_at)
    return keeper.keys(message.project_id, message.number, tokens, about)


class Sqlite:
    """FTS5 without content: what leaves it must be named word by word."""

    index = table(INDEX, column("rowid", BigInteger), column(INDEX, String), column("tokens"))
    insert = insert(index)

    def keys(self, project_id: int, _number: int, tokens: set[str], about: set[str]) -> list[int]:
        """The words of each project are apart, so that no other slows their search down."""
        return searching.keys(str(project_id), tokens) + searching.keys("", about)

    def row(self, key: int, keys: list[int]) -> dict[str, Any]:
        """What is kept of a message."""
        return {"rowid": key, "tokens": f"{WORD} " * len(keys) % tuple(keys)}

    def change(self, key: int, old: list[int], new: list[int]) -> None:
        """Put a message in anew."""
        self.remove(key, old)
        db.session.execute(self.insert, [self.row(key, new)])

    def remove(self, key: int, old: list[int]) -> None:
        """Take a message out."""
        db.session.execute(self.insert.values({INDEX: "delete", **self.row(key, old)}))

    def holds(self, project_ids: Iterable[int], clauses: Clauses) -> ColumnElement[bool]:
        """The condition that a message of these projects holds a token of each clause."""
        words = [clause for clause in clauses if not clause[0].startswith(ABOUT)]
        about = [clause for clause in clauses if clause[0].startswith(ABOUT)]
        places = " OR ".join(_all_of(str(key), words) for key in project_ids)
        asked = " AND ".join([f"({places})", *([_all_of("", about)] if about else [])])
        return self.index.c[INDEX].op("MATCH", is_comparison=True)(asked)


def _all_of(shelf: str, clauses: Clauses) -> str:
    choices = (" OR ".join(map(WORD.__mod__, searching.keys(shelf, each))) for each in clauses)
    return " AND ".join(f"({choice})" for choice in choices)


class Postgresql:
    """A GIN index over arrays of keys."""

    index = table(INDEX, column("message_id", BigInteger), column("tokens", ARRAY(Integer)))
    # What an earlier version noted by itself, beside us during an upgrade, is noted anew.
    insert = postgresql.insert(index)
    insert = insert.on_conflict_do_update(
        index_elements=["message_id"], set_={"tokens": insert.excluded.tokens}
    )

    def keys(self, project_id: int, number: int, tokens: set[str], about: set[str]) -> list[int]:
        """Each shelf has words of its own."""
        return _signed(_shelf(project_id, number // SHELF), tokens | about)

    def row(self, key: int, keys: list[int]) -> dict[str, Any]:
        """What is kept of a message."""
        return {"message_id": key, "tokens": keys}

    def change(self, key: int, _old: list[int], new: list[int]) -> None:
        """Put a message in anew."""
        mine = self.index.c.message_id == key
        db.session.execute(update(self.index).where(mine).values(tokens=new))

    def remove(self, key: int, _old: list[int]) -> None:
        """Take a message out."""
        db.session.execute(delete(self.index).where(self.index.c.message_id == key))

    def held(
        self,
        shelves: Iterable[tuple[int, int]],
        clauses: Clauses,
        before: int | None,
        size: int,
    ) -> Select[int]:
        """The ids of the messages on these shelves that hold a token of each clause.

        A shelf is a project and a number. However many they are, the statement is the same. Of
        each shelf come the newest `size` below `before`, shelf after shelf: whoever reads only
        some of them asks only some of the shelves.
        """
        names = [_shelf(*shelf) for shelf in shelves]
        needed = [clause[0] for clause in clauses if len(clause) == 1]
        choices = [clause for clause in clauses if len(clause) > 1]
        columns = [[_array(name, each) for name in names] for each in (needed, *choices)]
        asked = _unnested(columns)
        first, *others, place = asked.c
        key, tokens = self.index.c
        held = select(key).where(tokens.contains(cast(first, ARRAY(Integer))))
        for other in others:
            held = held.where(tokens.overlap(cast(other, ARRAY(Integer))))
        if before is not None:
            held = held.where(key < before)
        # The nought keeps the planner from walking back through the whole table by its key.
        newest = held.order_by((key + 0).desc()).limit(size).lateral()
        return select(newest.c.message_id).join_from(asked, newest, true()).order_by(place)


def _shelf(project_id: int, number: int) -> str:
    return f"{project_id}/{number}"


def _array(shelf: str, tokens: Iterable[str]) -> str:
    return "{" + ",".join(map(str, _signed(shelf, tokens))) + "}"


def _signed(shelf: str, tokens: Iterable[str]) -> list[int]:
    """Keys as PostgreSQL has numbers of 32 bits."""
    return [key - 2**31 for key in searching.keys(shelf, tokens)]


def _unnested(columns: list[list[str]]) -> Any:
    names = [f"column_{number}" for number in range(len(columns))]
    given = [literal(each, ARRAY(String)) for each in columns]
    return func.unnest(*given).table_valued(*names, with_ordinality="place").render_derived()


Keeper: TypeAlias = Sqlite | Postgresql
KEEPERS: dict[str, Keeper] = {"sqlite": Sqlite(), "postgresql": Postgresql()}


def of_this_database() -> Keeper:
    """The keeper of the index."""
    return KEEPERS[db.engine.dialect.name]


# The table as it was when the index came, whatever the model has become.
_MESSAGES = table(
    "messages",
    *(column(name, BigInteger) for name in ("id", "project_id", "number", "author_id")),
    *(column(name, String) for name in ("kind", "html")),
    *(column(name, UtcDateTime) for name in ("created_at", "deleted_at")),
    column("attachments", JSON(none_as_null=True)),
)
_messages = _MESSAGES.c
_written = select(_MESSAGES).where(_messages.kind == "text", _messages.deleted_at.is_(None))
_NEXT = _written.where(_messages.id > bindparam("last")).order_by(_messages.id).limit(AT_ONCE)
_BETWEEN = (
    _written.where(_messages.project_id == bindparam("project"))
    .where(_messages.number > bindparam("after"), _messages.number <= bindparam("last"))
    .order_by(_messages.number)
)
_PROJECTS = table(
    "projects", *(column(name, BigInteger) for name in ("id", "message_count", "indexed_count"))
)
_projects = _PROJECTS.c
_mine = _projects.id == bindparam("project")
_WAITING = select(_projects.message_count, _projects.indexed_count).where(_mine)
_WAITING = _WAITING.with_for_update(key_share=True)
_INDEXED = update(_PROJECTS).where(_mine).values(indexed_count=bindparam("count"))
_BEHIND = select(_projects.id).where(_projects.indexed_count < _projects.message_count)
