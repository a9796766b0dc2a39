"""Migrations: up, down, up again, and in agreement with the models."""

import os
import subprocess
import sys

import pytest

from projchat.config import newest_revision
from support.database import UNSTEADY, Database
from support.surgery import ask, execute

# What a later version has made is gone with the way back, and made anew.
NOT_BEFORE_0009 = ("installation",)

STORY = """
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from projchat import create_app
from projchat.extensions import db
from projchat.models.word_index import is_modelled

app = create_app()
with app.app_context():
    upgrade()
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    with db.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        options["include_object"] = is_modelled
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, db.metadata)
    assert not differences, differences
print("agreed")
"""

# What was written before there was a search is found by it.
SEARCH = """
from flask_migrate import downgrade, upgrade

from projchat import create_app
from projchat.extensions import db
from projchat.fair_share import FairShare, WorkBudget
from projchat.models import Project, User, finding
from projchat.searching import Query

app = create_app()
with app.app_context():
    upgrade()
    olga = User.register("olga", "")
    project, _ = Project.found(olga, "Old")
    for text in ("kept", "other", "kept", "kept, but deleted"):
        message = project.post(olga, text)
    db.session.flush()
    project.find_message(message.number).delete(project.membership)
    db.session.commit()
    downgrade(revision="0006-1")
    upgrade()
    budget = WorkBudget(FairShare(1.0, 60.0), olga.id, db.session.commit, 60.0, 60.0)
    page = finding.search(olga, [project], Query.parse("kep"), budget, limit=5)
    assert [each.message.number for each in page.found] == [4, 2], page
    assert page.next_before is None, page
print("found")
"""

# What was uploaded before the sums were kept is counted.
COUNTED = """
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from projchat import create_app
from projchat.extensions import db
from projchat.models import Project, Quotas, Upload, UploadTotal, User

app = create_app()
with app.app_context():
    upgrade()
    olga = User.register("olga", "")
    projects = [Project.found(olga, name)[0] for name in ("One", "Two")]
    db.session.flush()
    for project, size in zip([*projects, projects[1]], (5, 60, 700)):
        Upload.begin(project, olga, "a", size, Quotas(1000, 1000, 1000))
    kept = select(UploadTotal.project_id, UploadTotal.bytes).order_by(UploadTotal.project_id)
    before = db.session.execute(kept).all()
    assert before == [(0, 765), (projects[0].id, 5), (projects[1].id, 760)], before
    db.session.commit()
    downgrade(revision="0011")
    upgrade()
    assert db.session.execute(kept).all() == before
print("counted")
"""

# A writer of revision 0008 that knows nothing of what is done beside it.
FOR_EVER = """
import sqlite3, threading, time
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from projchat import create_app
from projchat.extensions import db
from projchat.models import Project, User
from projchat.models.renewal import numbered_tables

app = create_app()
with app.app_context():
    upgrade(revision="0008")
    olga = User.register("olga", "")
    project, _ = Project.found(olga, "Old")
    db.session.commit()
    path = db.engine.url.database
    project.post(olga, "one")
    db.session.commit()
    done, ended, failures = [], threading.Event(), []

    def write():
        other = sqlite3.connect(path, timeout=30, isolation_level=None)
        names = [row[1] for row in other.execute("PRAGMA table_info(messages)")]
        names.remove("id")
        copied = ", ".join(
            {"number": "number + :n", "client_id": "'c' || :n", "version": "version + :n"}.get(n, n)
            for n in names
        )
        statement = f"INSERT INTO messages ({', '.join(names)}) SELECT {copied} FROM messages"
        statement += " WHERE number = 2 RETURNING id"
        while not ended.is_set():
            try:
                done.append(other.execute(statement, {"n": len(done) + 1}).fetchall()[0][0])
            except sqlite3.Error as error:
                failures.append(error)
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    while len(done) < 20:
        time.sleep(0.01)
    upgrade()
    before = len(done)
    while len(done) < before + 20 and not failures:
        time.sleep(0.01)
    ended.set()
    writer.join()
    assert not failures, failures
    assert done == list(range(done[0], done[0] + len(done)))
    with db.engine.begin() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        for table in numbered_tables():
            assert table.dialect_options["sqlite"]["autoincrement"], table.name
            words = "SELECT sql FROM sqlite_schema WHERE name = :name"
            declared = connection.execute(text(words), {"name": table.name}).scalar()
            assert "AUTOINCREMENT" in declared, declared
        connection.execute(text("DELETE FROM messages WHERE number > 2"))
    again = project.post(olga, "again")
    assert again.id > done[-1], (again.id, done[-1])
    db.session.commit()
    downgrade(revision="0008")
    upgrade()
print("kept")
"""


@pytest.fixture
def environment(tmp_path, backend):
    with backend.lent() as lent:
        yield {**os.environ, "PROJCHAT_INSTANCE": str(tmp_path), **lent}


@pytest.mark.parametrize(
    ("story", "end"), [(STORY, "agreed\n"), (SEARCH, "found\n"), (COUNTED, "counted\n")]
)
def test_they_go_up_and_down_and_agree_with_the_models(environment, story, end):
    done = subprocess.run(
        [sys.executable, "-c", story], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.endswith(end), done.stderr


def test_several_processes_may_start_at_once(environment):
    upgrades = [
        subprocess.Popen(
            [sys.executable, "-m", "projchat", "db", "upgrade"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for each in upgrades:
        _, errors = each.communicate(timeout=60)
        assert each.returncode == 0, errors


@pytest.mark.parametrize("revision", ["0008", "0007"])
def test_the_way_back_and_up_again_keeps_everything(make_server, revision):
    server = make_server(start=False)
    for words in (("db", "upgrade"), ("demo",)):
        assert server.command(*words).returncode == 0
    look = Database(server)
    before = look.contents(besides=(*UNSTEADY, *NOT_BEFORE_0009))
    for words in (("downgrade", revision), ("upgrade",)):
        done = server.command("db", *words)
        assert done.returncode == 0, done.stderr
        newest = ask(server, "SELECT version_num FROM alembic_version")
        assert (newest == revision) == (words[0] == "downgrade" or revision == newest_revision())
    assert look.contents(besides=(*UNSTEADY, *NOT_BEFORE_0009)) == before
    look.close()


def test_there_is_no_way_to_what_is_not_known(make_server):
    done = make_server(start=False).command("db", "downgrade", "12")
    assert done.returncode == 1
    assert "There is no revision 12; there are 0001," in done.stderr


def test_a_database_of_a_later_version_is_not_served(make_server):
    server = make_server(start=False)
    assert server.command("db", "upgrade").returncode == 0
    execute(server, "UPDATE alembic_version SET version_num = '9999'")
    done = server.command("run")
    assert done.returncode == 1
    assert "its tables are at 9999" in done.stderr
    assert f"projchat db downgrade {newest_revision()}" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_id_is_given_twice_on_sqlite(tmp_path):
    """Also in a table that was filled by the version before, which goes on writing meanwhile."""
    environment = {**os.environ, "PROJCHAT_INSTANCE": str(tmp_path)}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", FOR_EVER],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("kept\n"), done.stderr
