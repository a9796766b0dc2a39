"""Runs inside the server under test: notes how the database will carry out each statement.

The server loads it when PROJCHAT_FAILPOINTS names this file. Each statement is explained with its
own values on its own connection just before it runs, so what is judged is what is asked.
"""

import json
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

NOTES = Path(os.environ["PROJCHAT_EXPLAINED"])
KINDS = ("SELECT", "INSERT", "UPDATE", "DELETE")
WHOLE_TABLES = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")


def hit(_place: str) -> None:
    """Nothing is broken here."""


@event.listens_for(Engine, "before_cursor_execute")
def _explain(
    connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
) -> None:
    if many or not statement.startswith(KINDS):
        return
    cursor = connection.connection.cursor()
    explain = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    note = {"statement": statement, "plan": explain(cursor, statement, parameters)}
    cursor.close()
    with NOTES.open("a") as file:
        file.write(json.dumps(note) + "\n")


def _sqlite(cursor: Any, statement: str, parameters: Any) -> list[str]:
    cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [row[3] for row in cursor.fetchall()]


def _postgresql(cursor: Any, statement: str, parameters: Any) -> list[str]:
    """The steps, with what small tables invite to discouraged: a table that is still read from end
    to end has no index to go by."""
    for way in WHOLE_TABLES:
        cursor.execute(f"SET LOCAL {way} = off")
    cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    plan = cursor.fetchone()[0][0]["Plan"]
    for way in WHOLE_TABLES:
        cursor.execute(f"SET LOCAL {way} = on")
    return list(_steps(plan))


def _steps(plan: Any) -> Any:
    """Each step as `Index Scan messages uq_messages_project_id_number (condition)`."""
    keys = ("Node Type", "Relation Name", "Index Name", "Index Cond")
    yield " ".join(str(plan[key]) for key in keys if key in plan)
    for below in plan.get("Plans", ()):
        yield from _steps(below)
