"""Writing behind the server's back, as another process would."""

from typing import Any

from sqlalchemy import create_engine, text

from support.server import Server


def execute(server: Server, statement: str, **values: Any) -> None:
    """Run one statement on the server's database and commit it."""
    engine = create_engine(database_url(server))
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()


def ask(server: Server, query: str, **values: Any) -> Any:
    """Run one query on the server's database; the first column of the first row."""
    engine = create_engine(database_url(server))
    with engine.begin() as connection:
        found = connection.execute(text(query), values).scalar()
    engine.dispose()
    return found


def database_url(server: Server) -> str:
    """The address of the server's database, for SQLAlchemy."""
    url = server.environment.get("DATABASE_URL")
    if url:
        return url.replace("postgresql://", "postgresql+psycopg2://", 1)
    return f"sqlite:///{server.instance / 'projchat.sqlite3'}"
