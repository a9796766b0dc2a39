"""Any sequence of deeds and faults, against a model that is a plain list."""

import itertools
import random
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from faults.scene import Scene
from support.cast import Project, done

STEPS = 25


class Wire:
    """A client that is given events by hand: what came over its socket may be dropped, doubled
    and shuffled before it is applied by the rules of every client."""

    def __init__(self, live: Any, project: Project) -> None:
        self.live = live
        self.project = project
        self.cursor = 0
        self.messages: dict[int, dict[str, Any]] = {}
        self.held: dict[int, dict[str, Any]] = {}
        self.seen = 0

    def join(self) -> None:
        while True:
            answer = self.live.join(self.project.id, since=self.cursor)
            assert answer["ok"]
            assert not answer["reset"]
            for message in answer["messages"]:
                self._put(message)
            self.cursor = max(self.cursor, answer["version"])
            self._release()
            if not answer["hasMore"]:
                return

    def arrived(self) -> list[dict[str, Any]]:
        news = [
            each.data
            for each in self.live.heard[self.seen :]
            if each.event in ("new-message", "message-updated")
        ]
        self.seen = len(self.live.heard)
        return news

    def apply(self, message: dict[str, Any]) -> None:
        if message["version"] > self.cursor:
            self.held[message["version"]] = message
            self._release()

    def _release(self) -> None:
        while message := self.held.pop(self.cursor + 1, None):
            self.cursor = message["version"]
            self._put(message)

    def _put(self, message: dict[str, Any]) -> None:
        known = self.messages.get(message["number"])
        if known is None or known["version"] < message["version"]:
            self.messages[message["number"]] = message


class Chat(RuleBasedStateMachine):
    """Alice and Bob write; the wires of any of them may lose, double and shuffle."""

    scene: Scene
    texts = Bundle("texts")
    projects = itertools.count(1)

    @initialize()
    def open(self) -> None:
        cast = self.scene.cast
        self.people = [cast.known("alice"), cast.known("bob")]
        self.project = cast.project(self.people[0], self.people[1:])
        first = done(self.people[0].get(f"{self.project.api}/messages"))["messages"]
        self.model: list[dict[str, Any]] = [
            {"content": message["content"], "clientId": message["clientId"], "deleted": False}
            for message in first
        ]
        self.mine: dict[str, tuple[int, int]] = {}
        self.wires = [self._wire(person) for person in self.people]

    def _wire(self, person: Any) -> Wire:
        wire = Wire(person.live(), self.project)
        wire.join()
        return wire

    @rule(target=texts, who=st.integers(0, 1), content=st.text("abc", min_size=1, max_size=5))
    def send(self, who: int, content: str) -> str:
        client_id = str(uuid.uuid4())
        body = {"content": content, "clientId": client_id}
        message = done(self.people[who].post(f"{self.project.api}/messages", body))
        self.model.append({"content": content, "clientId": client_id, "deleted": False})
        self.mine[client_id] = (who, message["number"])
        assert message["number"] == len(self.model)
        return client_id

    @rule(client_id=texts)
    def retry(self, client_id: str) -> None:
        who, number = self.mine[client_id]
        first = self.people[who].get(f"{self.project.api}/messages/{number}").json()
        body = {"content": "abc", "clientId": client_id}
        answer = self.people[who].post(f"{self.project.api}/messages", body)
        assert answer.status_code in (200, 409)
        if answer.ok:
            assert answer.json() == first

    @rule(client_id=texts, content=st.text("xyz", min_size=1, max_size=5))
    def edit(self, client_id: str, content: str) -> None:
        who, number = self.mine[client_id]
        path = f"{self.project.api}/messages/{number}"
        answer = self.people[who].patch(path, {"content": content})
        entry = self.model[number - 1]
        assert answer.status_code == (409 if entry["deleted"] else 200)
        if answer.ok:
            entry["content"] = content

    @rule(client_id=texts)
    def delete(self, client_id: str) -> None:
        who, number = self.mine[client_id]
        done(self.people[who].delete(f"{self.project.api}/messages/{number}"))
        self.model[number - 1] |= {"deleted": True, "content": ""}

    @rule(
        who=st.integers(0, 1),
        seed=st.integers(0, 2**32),
        lost=st.integers(0, 3),
        doubled=st.integers(0, 3),
    )
    def hear(self, who: int, seed: int, lost: int, doubled: int) -> None:
        # Shuffled by a seed: how much has arrived by now is not for Hypothesis to know.
        news = self.wires[who].arrived()
        random.Random(seed).shuffle(news)
        for message in [*news[lost:], *news[:doubled]]:
            self.wires[who].apply(message)

    @rule(who=st.integers(0, 1))
    def crash(self, who: int) -> None:
        """The connection is gone with all that was held; what was shown is kept."""
        wire = self.wires[who]
        wire.live.close()
        wire.held.clear()
        wire.live, wire.seen = self.people[who].live(), 0
        wire.join()

    @rule(who=st.integers(0, 1))
    def leave_and_join(self, who: int) -> None:
        wire = self.wires[who]
        assert wire.live.call("leave_room", {"projectId": self.project.id}) == {"ok": True}
        wire.join()

    @invariant()
    def what_is_shown_is_a_past_of_the_model(self) -> None:
        for wire in getattr(self, "wires", ()):
            for message in wire.messages.values():
                assert self.model[message["number"] - 1]["clientId"] == message["clientId"]

    def teardown(self) -> None:
        if not hasattr(self, "wires"):
            return
        fresh = done(self.people[0].get(f"{self.project.api}/messages?after=0&limit=100"))[
            "messages"
        ]
        expected = [(entry["clientId"], entry["content"], entry["deleted"]) for entry in self.model]
        shown = [
            (message["clientId"], message["content"], message["deletedAt"] is not None)
            for message in fresh
        ]
        assert shown == expected
        for wire in self.wires:
            wire.join()
            assert [wire.messages[number] for number in sorted(wire.messages)] == fresh
        for person in self.people:
            person.hang_up()


@pytest.mark.brief
@pytest.mark.row(
    "sm",
    "a state machine: send, retry, edit, delete, join, leave, drop, duplicate, reorder, crash",
    "equal to a list",
)
def test_any_sequence_ends_equal_to_a_list(small: Scene, row, size, seed):
    examples = size(1000, 25)
    Chat.scene = small
    run_state_machine_as_test(
        Chat,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            derandomize=False,
        ),
    )
    row.measured(f"{examples} examples of up to {STEPS} steps")
