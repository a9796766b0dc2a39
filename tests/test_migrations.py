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

app = create_app()
with app.app_context():
    upgrade()
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    with db.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, db.metadata)
    assert not differences, differences
print("agreed")
"""


@pytest.fixture
def environment(tmp_path, backend):
    with backend.lent() as lent:
        yield {**os.environ, "PROJCHAT_INSTANCE": str(tmp_path), **lent}


def test_they_go_up_and_down_and_agree_with_the_models(environment):
    done = subprocess.run(
        [sys.executable, "-c", STORY], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.endswith("agreed\n"), done.stderr


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
