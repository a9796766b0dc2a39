"""A worker that sees another one on the same database, and not on the same Redis, says so once."""

import logging
from datetime import timedelta

import pytest
from flask_migrate import upgrade
from sqlalchemy import delete, select, update

from projchat import create_app, loop_delay
from projchat.config import from_environment
from projchat.extensions import db
from projchat.models import Process
from projchat.models.process import LIFETIME
from projchat.models.types import now
from projchat.realtime import process_registry, relay
from projchat.realtime.process_registry import SIGHTINGS, ProcessRegistry


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made = create_app(from_environment({"PROJCHAT_INSTANCE": str(tmp_path_factory.mktemp("app"))}))
    with made.app_context():
        upgrade()
        yield made
        db.engine.dispose()


@pytest.fixture
def make(app, monkeypatch):
    """Make the registry of a process: `make(pid, redis_url)`."""

    def registry(pid, redis_url=None):
        monkeypatch.setitem(app.config, "REDIS_URL", redis_url)
        monkeypatch.setattr(process_registry.os, "getppid", lambda: pid)
        return ProcessRegistry(app)

    yield registry
    db.session.execute(delete(Process))
    db.session.commit()


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.WARNING)
    return lambda: [
        each.getMessage() for each in caplog.records if each.name != loop_delay.log.name
    ]


def tick(*registries, times=SIGHTINGS + 2):
    for _ in range(times):
        for each in registries:
            each.tick()


def test_two_without_redis_say_so_once(make, said):
    one, other = make(1), make(2)
    tick(one, other, times=SIGHTINGS)
    assert said() == []
    tick(one, other, times=9)
    assert len(said()) == 2
    assert all("REDIS_URL is not set here" in each for each in said())
    assert "process 1" in said()[0]


def test_two_on_different_redis_say_so(make, said):
    tick(make(1, "redis://10.0.0.1/0"), make(2, "redis://10.0.0.2/0"))
    assert ["its REDIS_URL is not ours" in each for each in said()] == [True, True]


def test_two_on_one_redis_are_silent(make, said):
    tick(make(1, "redis://127.0.0.1/0"), make(2, "redis://:word@localhost:6379/1"))
    assert said() == []


def test_workers_of_one_master_are_no_strangers(make, said):
    tick(make(1), make(1))
    assert said() == []


def test_who_has_ended_is_no_stranger_and_is_forgotten(make, said):
    ended = make(1)
    ended.tick()
    present = make(2)
    tick(present)
    assert said() == []
    assert len(db.session.scalars(select(Process)).all()) == 2
    past = now() - LIFETIME - timedelta(seconds=1)
    db.session.execute(update(Process).where(Process.pid == 1).values(seen_at=past))
    db.session.commit()
    present.tick()
    assert [each.pid for each in db.session.scalars(select(Process))] == [2]


def test_it_says_so_again_when_another_one_comes(make, said):
    one, other, third = make(1), make(2), make(3)
    tick(one, other)
    tick(one, other, third)
    assert len([each for each in said() if "process 3" in each]) == 2
    assert len(one.unheard) == 2


def test_a_relay_that_repairs_all_the_time_says_so_once(said):
    alarm = relay.RepairAlarm()
    for second in range(relay.MANY_REPAIRS):
        alarm.note(second)
    assert said() == []
    for second in range(100):
        alarm.note(second + 20)
    assert len(said()) == 1


def test_a_relay_that_repairs_now_and_then_is_silent(said):
    alarm = relay.RepairAlarm()
    for minute in range(100):
        alarm.note(60.0 * minute)
    assert said() == []
