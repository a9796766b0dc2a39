"""Give no id twice on SQLite, also when the row that had it is gone.

PostgreSQL's sequences have never done so. SQLite does it for a key that is declared AUTOINCREMENT,
which changes nothing of what is stored, so the declaration is changed and no row is touched: see
https://www.sqlite.org/lang_altertable.html#otheralter. The version before writes on as it did.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The users were so declared once, and lost it when a later version copied their table.
TABLES = ("users", "projects", "invites", "messages", "revisions", "push_subscriptions")
GIVEN = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
PLAIN, FOR_EVER = "PRIMARY KEY (id)", "PRIMARY KEY (id AUTOINCREMENT)"


def upgrade() -> None:
    """Apply; counting begins with the largest id there is."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _declare(connection, PLAIN, FOR_EVER)
        for table in TABLES:
            _begin_counting(connection, table)


def downgrade() -> None:
    """Take back."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _declare(connection, FOR_EVER, PLAIN)
        op.execute(sa.delete(GIVEN).where(GIVEN.c.name.in_(TABLES)))


def _declare(connection: sa.Connection, before: str, after: str) -> None:
    """Write the declarations anew, and let every connection read them again."""
    columns = {table: _columns(connection, table) for table in TABLES}
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        for table in TABLES:
            _declare_one(connection, table, before, after)
        connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    finally:
        connection.exec_driver_sql("PRAGMA writable_schema = RESET")
    # What was written is checked, which takes as long in a large database as in a small one.
    checks = [f"PRAGMA quick_check('{table}')" for table in ("sqlite_schema", "sqlite_sequence")]
    said = [connection.exec_driver_sql(check).scalar() for check in checks]
    if said != ["ok", "ok"] or columns != {table: _columns(connection, table) for table in TABLES}:
        raise ValueError(f"The tables are not what they were: {said}")


def _declare_one(connection: sa.Connection, table: str, before: str, after: str) -> None:
    words = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?"
    declared = connection.exec_driver_sql(words, (table,)).scalar_one()
    if declared.count(before) != 1:
        raise ValueError(f"The table {table} is declared in an unknown way.")
    connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?",
        (declared.replace(before, after), table),
    )


def _begin_counting(connection: sa.Connection, table: str) -> None:
    """Go on after the largest id there is, and after what is known to have been given away."""
    last = sa.select(sa.func.max(sa.column("id"))).select_from(sa.table(table))
    given = sa.select(GIVEN.c.seq).where(GIVEN.c.name == table)
    seq = max(connection.scalar(last) or 0, connection.scalar(given) or 0)
    connection.execute(sa.delete(GIVEN).where(GIVEN.c.name == table))
    connection.execute(sa.insert(GIVEN).values(name=table, seq=seq))


def _columns(connection: sa.Connection, table: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql(f"PRAGMA table_info('{table}')")]
