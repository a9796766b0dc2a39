"""Objects made of plain rows, which join the session when something is done to them."""

import pytest
from flask_migrate import upgrade
from sqlalchemy import inspect, select

from projchat import create_app
from projchat.config import from_environment
from projchat.extensions import db
from projchat.models import Project, User


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An application within the test, with Olga in it; always on SQLite."""
    made = create_app(from_environment({"PROJCHAT_INSTANCE": str(tmp_path_factory.mktemp("app"))}))
    with made.app_context():
        upgrade()
        User.register("olga", "no password", "Olga")
        db.session.commit()
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def olga(app):
    """Olga, made of her row."""
    with app.app_context():
        yield User.plain(db.session.execute(select(User.__table__)).mappings().one().items())
        db.session.rollback()


def stored_name():
    return db.session.scalar(select(User.__table__.c.name))


def test_it_has_its_values_and_belongs_to_no_session(olga):
    assert (olga.name, olga.email, olga.is_admin) == ("Olga", None, False)
    assert "_sa_instance_state" not in vars(olga)
    assert olga not in list(db.session)


def test_it_joins_the_session_when_it_is_changed(olga):
    olga.name = "Olga the Great"
    assert inspect(olga).persistent
    db.session.flush()
    assert stored_name() == "Olga the Great"


def test_it_can_be_deleted(olga):
    db.session.delete(olga)
    db.session.flush()
    assert stored_name() is None


def test_joining_changes_nothing(olga):
    assert inspect(olga).persistent
    assert not db.session.dirty
    assert olga.name == "Olga"


def test_what_it_learns_is_no_change(olga):
    olga.learn(name="Olya")
    assert inspect(olga).persistent
    db.session.flush()
    assert (olga.name, stored_name()) == ("Olya", "Olga")


def test_objects_that_are_made_anew_are_as_ever(app):
    with app.app_context():
        project = Project(name="New", message_count=0, version=0)
        assert inspect(project).transient
        with pytest.raises(AttributeError):
            project.nothing  # noqa: B018
