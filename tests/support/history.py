"""Long histories, made within the database: a million messages in seconds."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text

from support.server import Server
from support.surgery import database_url

NUMBERS = """
WITH RECURSIVE numbers(number) AS (
    SELECT CAST(:first AS BIGINT) UNION ALL SELECT number + 1 FROM numbers WHERE number < :last
)
"""
MESSAGES = f"""
INSERT INTO messages (
    project_id, number, version, author_id, client_id, fingerprint, kind, body, html, created_at
)
{NUMBERS}
SELECT
    :project, number, number, :author, :project || '-' || number, '', 'text',
    'Message ' || number || ' of a long history, ' || :text,
    '<p>Message ' || number || ' of a long history, ' || :text || '</p>',
    CURRENT_TIMESTAMP
FROM numbers
"""
# Nobody searches them: their words count as noted.
COUNTERS = """
UPDATE projects SET message_count = :last, version = :last, indexed_count = :last
WHERE id = :project
"""
TEXTS = "UPDATE messages SET body = :body, html = :html WHERE project_id = :project"
UNINDEXED = "UPDATE projects SET indexed_count = 0 WHERE id = :project"
PROJECTS = f"""
INSERT INTO projects (id, name, description, created_at, message_count, version)
{NUMBERS}
SELECT number, 'Project ' || number, '', CURRENT_TIMESTAMP, 0, 0 FROM numbers
"""
MEMBERSHIPS = f"""
INSERT INTO memberships (project_id, user_id, role, last_read_number, notify, joined_at)
{NUMBERS}
SELECT number, :user, 'owner', 0, 'all', CURRENT_TIMESTAMP FROM numbers
"""


def lengthen(
    server: Server, project_id: int, author_id: int, length: int, said: str = "as people write."
) -> None:
    """Bring a project to `length` messages, each of which says this."""
    with _connected(server) as connection:
        query = "SELECT message_count FROM projects WHERE id = :project"
        count = connection.execute(text(query), {"project": project_id}).scalar() or 0
        given = {"project": project_id, "author": author_id, "first": count + 1, "last": length}
        given["text"] = said
        connection.execute(text(MESSAGES.replace(":project ||", f"'{project_id}' ||")), given)
        connection.execute(text(COUNTERS), {"project": project_id, "last": length})


def replace_texts(server: Server, project_id: int, content: str) -> None:
    """Let every message of a project say `content`, which needs no markup, unindexed as yet."""
    given = {"project": project_id, "body": content, "html": f"<p>{content}</p>"}
    with _connected(server) as connection:
        connection.execute(text(TEXTS), given)
        connection.execute(text(UNINDEXED), given)


def add_projects(server: Server, user_id: int, first: int, last: int) -> None:
    """Give somebody projects with these ids."""
    with _connected(server) as connection:
        connection.execute(text(PROJECTS), {"first": first, "last": last})
        connection.execute(text(MEMBERSHIPS), {"first": first, "last": last, "user": user_id})


def settle(server: Server) -> None:
    """Let the database take note of what it holds, as it does by itself after a while."""
    engine = create_engine(database_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        connection.execute(text("PRAGMA wal_checkpoint" if sqlite else "VACUUM ANALYZE"))
    engine.dispose()


@contextmanager
def _connected(server: Server) -> Iterator[Connection]:
    engine = create_engine(database_url(server))
    with engine.begin() as connection:
        yield connection
    engine.dispose()
