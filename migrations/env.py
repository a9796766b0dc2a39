"""Alembic's environment: the application's engine and models, on SQLite and PostgreSQL."""

from alembic import context
from flask import current_app

from projchat.models import word_index
from projchat.models.types import UtcDateTime

database = current_app.extensions["migrate"].db


def run_migrations() -> None:
    """Run in one transaction; SQLite, which cannot alter a column, copies the table instead."""
    engine = database.engine
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=sqlite,
            # SQLite can do this, though Alembic does not expect it of every driver: the write lock
            # is then held from the look at the present revision to the end of the last migration.
            transactional_ddl=True,
            compare_type=True,
            compare_server_default=True,
            render_item=_render_item,
            include_object=word_index.is_modelled,
        )
        with context.begin_transaction():
            if not sqlite:
                _wait_for_other_processes(connection)
            context.run_migrations()


def _render_item(kind, item, _context):
    """Migrations name plain column types, so that they outlive our own."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _wait_for_other_processes(connection) -> None:
    """Two processes that start together must not migrate at once; SQLite's lock sees to itself."""
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7061726)")


run_migrations()
