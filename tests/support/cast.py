"""The cast: Alice owns, Dora administers, Bob belongs, Frank was removed, Charlie is outside."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import requests

from support.person import Person
from support.server import Server

# Digits that look like letters would make two names look alike, which the server refuses.
DIGITS = "23456789"


@dataclass(frozen=True)
class Project:
    """A project and the person who owns it."""

    id: int
    name: str
    owner: Person

    @property
    def api(self) -> str:
        """The address of its API."""
        return f"/api/projects/{self.id}"

    @property
    def page(self) -> str:
        """The address of its page."""
        return f"/projects/{self.id}"

    def post(self, person: Person, content: str, **fields: Any) -> dict[str, Any]:
        """Post a message that is accepted, return it."""
        return done(person.post(f"{self.api}/messages", {"content": content, **fields}))

    def version(self) -> int:
        """The head, as its owner sees it."""
        return done(self.owner.get(self.api))["version"]

    def admit(self, *people: Person) -> None:
        """Bring people in by an invite link."""
        invite = done(self.owner.post(f"{self.api}/invites", {}))
        for person in people:
            done(person.post(f"/api/invites/{invite['token']}", {}))

    def promote(self, person: Person) -> None:
        """Make a member an administrator."""
        done(self.owner.patch(f"{self.api}/members/{person.id}", {"role": "admin"}))

    def remove(self, person: Person) -> None:
        """Take a member out."""
        done(self.owner.delete(f"{self.api}/members/{person.id}"))


class Cast:
    """Everybody who takes part on one server; accounts are made when first asked for."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.people: list[Person] = []
        self._known: dict[str, Person] = {}
        self._numbers = itertools.count(1)
        self._administrator: Person | None = None
        self._lobby: tuple[int, str] | None = None

    def administrator(self) -> Person:
        """The first account, which administers the whole server."""
        if self._administrator is None:
            self._administrator = Person(self.server, "olga")
            self.people.append(self._administrator)
            done(self._administrator.setup("Olga"))
        return self._administrator

    def known(self, username: str) -> Person:
        """A person who is there for the whole run, logged in."""
        if username not in self._known:
            self._known[username] = self._register(username)
        person = self._known[username]
        if done(person.get("/api/session"))["user"] is None:
            done(person.login())
        return person

    def newcomer(self, prefix: str = "person", name: str | None = None) -> Person:
        """Somebody new with a name of their own, in no project."""
        return self._register(f"{prefix}-{self._number()}", name)

    def project(
        self, owner: Person, members: Iterable[Person] = (), name: str | None = None
    ) -> Project:
        """A new project with these members."""
        title = name or f"Project {self._number()}"
        made = done(owner.post("/api/projects", {"name": title}))
        project = Project(made["id"], title, owner)
        if members := list(members):
            project.admit(*members)
        return project

    def hang_up(self) -> None:
        """Close every live connection of everybody."""
        for person in self.people:
            person.hang_up()

    def _register(self, username: str, name: str | None = None) -> Person:
        lobby, token = self._invite()
        person = Person(self.server, username)
        self.people.append(person)
        done(person.register(token))
        done(person.delete(f"/api/projects/{lobby}/members/{person.id}"))
        person.name = name or username.capitalize()
        done(person.patch("/api/account", {"name": person.name}))
        return person

    def _invite(self) -> tuple[int, str]:
        """An invite to a project that exists only to make accounts; everybody leaves it at once."""
        if self._lobby is None:
            olga = self.administrator()
            lobby = done(olga.post("/api/projects", {"name": "Lobby"}))
            path = f"/api/projects/{lobby['id']}/invites"
            answer = olga.post(path, {"maxUses": 1000})
            if answer.status_code == 422:
                answer = olga.post(path, {})  # Links of versions before let in any number.
            self._lobby = lobby["id"], done(answer)["token"]
        return self._lobby

    def _number(self) -> str:
        number, word = next(self._numbers), ""
        while number:
            number, digit = divmod(number, len(DIGITS))
            word = DIGITS[digit] + word
        return word


def done(response: requests.Response) -> Any:
    """Insist that a request was accepted and return its JSON."""
    request = response.request
    assert response.ok, f"{request.method} {request.url}: {response.status_code} {response.text}"
    return response.json() if response.content else None
