"""A server on which the people of a story have talked."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pictures.drawing import start_page
from pictures.talk import ANNA, BORIS, CLARA, Line, Story
from support.cast import Project, done
from support.files import post, upload
from support.person import Person
from support.server import Server
from support.surgery import execute

USERNAMES = ("anna", "boris", "clara")


class Stage:
    """The story's people and projects; each line stands at its own time of today or yesterday."""

    def __init__(self, server: Server, story: Story) -> None:
        self.server = server
        self.story = story
        self.people = [Person(server, username) for username in USERNAMES]
        done(self.anna.setup(story.names[ANNA]))
        self.project = self._found(story.project)
        invite = done(self.anna.post(f"{self.project.api}/invites", {}))["token"]
        for person, name in zip(self.people[1:], story.names[1:], strict=True):
            done(person.register(invite))
            done(person.patch("/api/account", {"name": name}))
        done(self.anna.patch(self.project.api, {"description": story.description}))
        self._numbers: dict[str, int] = {}
        self._day = datetime.now(UTC).date() - timedelta(days=1)
        self._date(range(1, 20), "15:00")

    @property
    def anna(self) -> Person:
        """She looks at the pages."""
        return self.people[ANNA]

    def play(self) -> None:
        """Say it all; Anna has read it."""
        for line in self.story.yesterday:
            self._say(line)
        self._day += timedelta(days=1)
        for line in self.story.today:
            self._say(line)
        for person in self.people:
            done(person.put(f"{self.project.api}/read", {"number": self.last}))
        self._talk_elsewhere()

    def come_in(self) -> None:
        """The others are here."""
        for person in self.people[1:]:
            assert person.live().join(self.project.id)["ok"]

    def types(self) -> None:
        """Boris is typing."""
        live = self.people[BORIS].live()
        assert live.join(self.project.id)["ok"]
        live.emit("typing", {"projectId": self.project.id, "isTyping": True})

    def number(self, at: str) -> int:
        """The number of what was said at a time."""
        return self._numbers[at]

    @property
    def last(self) -> int:
        """The number of the latest message."""
        return done(self.anna.get(f"{self.project.api}/messages?limit=1"))["messages"][0]["number"]

    def leave(self) -> None:
        """Everybody hangs up."""
        for person in self.people:
            person.hang_up()

    def _found(self, name: str) -> Project:
        made = done(self.anna.post("/api/projects", {"name": name}))
        return Project(made["id"], name, self.anna)

    def _say(self, line: Line) -> None:
        person = self.people[line.who]
        fields: dict[str, Any] = {"content": line.text}
        if line.answers:
            fields["replyTo"] = self._numbers[line.answers]
        files = [upload(person, self.project, line.picture, start_page())] if line.picture else []
        number = post(person, self.project, *files, **fields)["number"]
        self._numbers[line.at] = number
        message = f"{self.project.api}/messages/{number}"
        for emoji, people in line.reactions.items():
            for each in people:
                done(self.people[each].put(f"{message}/reactions/{emoji}"))
        if line.pinned_by is not None:
            done(self.people[line.pinned_by].put(f"{message}/pin"))
        self._date(range(number, self.last + 1), line.at)

    def _talk_elsewhere(self) -> None:
        """What is unread in the other projects."""
        names = self.story.others
        said, calling = self.story.elsewhere
        projects = [self._found(name) for name in names]
        for project in projects:
            project.admit(*self.people[1:])
            done(self.anna.put(f"{project.api}/read", {"number": 9}))
        projects[0].post(self.people[CLARA], said)
        projects[0].post(self.people[BORIS], "🚀")
        projects[1].post(self.people[BORIS], calling)

    def _date(self, numbers: range, at: str) -> None:
        execute(
            self.server,
            "UPDATE messages SET created_at = :moment, pinned_at ="
            " CASE WHEN pinned_at IS NULL THEN NULL ELSE :moment END"
            " WHERE project_id = :project AND number >= :first AND number < :end",
            moment=f"{self._day} {at}:00.000000",
            project=self.project.id,
            first=numbers.start,
            end=numbers.stop,
        )
