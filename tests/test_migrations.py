"""Migrations: up, down, up again, and in agreement with the models."""

import os
import subprocess
import sys

import pytest

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
    found, more = finding.search(olga, [project], Query.parse("kep"), limit=5)
    assert [each.message.number for each in found] == [4, 2] and not more, found
print("found")
"""


@pytest.fixture
def environment(tmp_path, backend):
    with backend.lent() as lent:
        yield {**os.environ, "PROJCHAT_INSTANCE": str(tmp_path), **lent}


@pytest.mark.parametrize(("story", "end"), [(STORY, "agreed\n"), (SEARCH, "found\n")])
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
