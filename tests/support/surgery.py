"""Writing behind the server's back, as another process would."""

from typing import Any

from sqlalchemy import create_engine, text

from support.server import Server


def execute(server: Server, statement: str, **values: Any) -> None:
    """Run one statement on the server's database and commit it."""
    url = server.environment.get("DATABASE_URL")
    address = (
        url.replace("postgresql://", "postgresql+psycopg2://", 1)
        if url
        else f"sqlite:///{server.instance / 'projchat.sqlite3'}"
    )
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()
