"""Statements that each post or even each request runs, handed to the driver as they are.

Around the 4 µs that SQLite takes for such a statement SQLAlchemy takes 25 for what is the same each
time: the compiled form, the context, the result. It runs on the session's own connection, in its
transaction, and a driver's error becomes SQLAlchemy's by the same path as ever, so that a database
that has gone is treated alike. Whoever listens to the engine's statements hears these too.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.sql.dml import Insert, UpdateBase

from ..extensions import db

Statement: TypeAlias = Select[*tuple[Any, ...]] | UpdateBase


class _Form(NamedTuple):
    """A statement in a database's own words, and what is done to its values on their way in."""

    sql: str
    order: list[str] | None
    inward: dict[str, Callable[[Any], Any]]
    outward: list[tuple[int, Callable[[Any], Any]]]
    constants: dict[str, Any]

    def parameters(self, given: dict[str, Any]) -> Any:
        """The values as the driver takes them."""
        values = {**self.constants, **given}
        for name, process in self.inward.items():
            values[name] = process(values[name])
        return values if self.order is None else tuple([values[name] for name in self.order])

    def row(self, cursor: Any) -> list[Any] | None:
        """The first row of the result, in Python's types."""
        found = cursor.fetchone()
        if found is None:
            return None
        row = list(found)
        for place, process in self.outward:
            row[place] = process(row[place])
        return row


class Prepared:
    """One statement for every database, or one for each by name; parameters have names, too."""

    def __init__(self, for_all: Statement | None = None, **statements: Statement) -> None:
        self._for_all = for_all
        self._statements = statements
        self._forms: dict[tuple[str, ...], _Form] = {}

    def one(self, given: dict[str, Any]) -> list[Any] | None:
        """Run it; its first row."""
        return self._run(given, _Form.row)  # type: ignore[no-any-return]

    def count(self, given: dict[str, Any]) -> int:
        """Run it; how many rows it has touched."""
        return self._run(given, lambda _form, cursor: cursor.rowcount)  # type: ignore[no-any-return]

    def _run(self, given: dict[str, Any], take: Callable[[_Form, Any], Any]) -> Any:
        connection = db.session.connection()
        form = self._form(connection.dialect, given)
        parameters = form.parameters(given)
        if connection.engine.dispatch.before_cursor_execute:
            return take(form, connection.exec_driver_sql(form.sql, parameters))
        return _handed_over(connection, form, parameters, take)

    def _form(self, dialect: Dialect, names: Iterable[str]) -> _Form:
        key = (dialect.name, *names)
        if key not in self._forms:
            statement = self._statements.get(dialect.name, self._for_all)
            if statement is None:
                raise LookupError(f"There is no statement for {dialect.name}.")
            self._forms[key] = _form(statement, dialect, key[1:])
        return self._forms[key]


def _form(statement: Statement, dialect: Dialect, names: Iterable[str]) -> _Form:
    columns = list(names) if isinstance(statement, Insert) else None
    compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
    if compiled.insert_prefetch or compiled.update_prefetch:
        raise ValueError("A prepared statement is given all its values.")
    impls = {name: bind.type.dialect_impl(dialect) for bind, name in compiled.bind_names.items()}
    inward = {name: impl.bind_processor(dialect) for name, impl in impls.items()}
    read = [*statement.selected_columns] if isinstance(statement, Select) else []
    outward = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in read]
    return _Form(
        compiled.string,
        compiled.positiontup,
        {name: process for name, process in inward.items() if process is not None},
        [(place, process) for place, process in enumerate(outward) if process is not None],
        compiled.params,
    )


def _handed_over(
    connection: Connection, form: _Form, parameters: Any, take: Callable[[_Form, Any], Any]
) -> Any:
    cursor = connection.connection.cursor()
    try:
        cursor.execute(form.sql, parameters)
        return take(form, cursor)
    except connection.dialect.loaded_dbapi.Error as error:
        # It invalidates what must be, and raises. There is no public name for it.
        connection._handle_dbapi_exception(error, form.sql, parameters, cursor, None)
    finally:
        cursor.close()
