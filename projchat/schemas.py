"""What the API accepts and answers, as pydantic models: validation and the OpenAPI document."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator
from pydantic.alias_generators import to_camel

from .models.invite import DEFAULT_DAYS, DEFAULT_USES, LONGEST_DAYS, MOST_USES
from .models.message import ANY_EDIT

LARGEST_CURSOR = 2**53 - 1

Cursor = Annotated[StrictInt, Field(ge=0, le=LARGEST_CURSOR)]
Text = Annotated[StrictStr, Field(max_length=200_000)]
UploadId = Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{32}$")]
Key = Annotated[StrictStr, Field(max_length=100, pattern=r"^[A-Za-z0-9_-]+={0,2}$")]
Line = Annotated[StrictStr, Field(max_length=1000)]


class Input(BaseModel):
    """A request body or query: camelCase on the wire, unknown fields refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Output(BaseModel):
    """A documented answer."""

    model_config = ConfigDict(alias_generator=to_camel)


class Credentials(Input):
    """A username and a password."""

    username: Line
    password: Line


class SetupIn(Credentials):
    """The first account; `token` is what the server's log says where others reach the page."""

    name: Line
    token: Line = ""


class SessionPatch(Input):
    """The reader's choice of language."""

    locale: Literal["en", "ru"]


class AccountPatch(Input):
    """What a person may change of their own account."""

    name: Line | None = None
    email: Annotated[StrictStr, Field(max_length=254)] | None = None
    locale: Literal["en", "ru"] | None = None
    show_reading: StrictBool | None = None


class PasswordIn(Input):
    """A change of password."""

    current_password: Line
    new_password: Line


class PushIn(Input):
    """A browser's subscription to web push, as its PushSubscription says it."""

    endpoint: Line
    p256dh: Annotated[Key, Field(alias="p256dh")]
    auth: Key
    shows_text: StrictBool = False


class ProjectIn(Input):
    """A new project."""

    name: Line
    description: Text = ""


class ProjectPatch(Input):
    """A change of a project; what is not given stays."""

    name: Line | None = None
    description: Text | None = None
    archived: StrictBool | None = None


class ReadIn(Input):
    """How far the viewer has read."""

    number: Cursor


class UnreadIn(Input):
    """The first message that is to count as unread again."""

    number: Annotated[StrictInt, Field(ge=1, le=LARGEST_CURSOR)]


class MembershipPatch(Input):
    """Of what the viewer wants to be told."""

    notify: Literal["all", "mentions", "none"] | None = None


class MemberPatch(Input):
    """Another role; `owner` hands the project over."""

    role: Literal["owner", "admin", "member"]


class InviteIn(Input):
    """A new invite link."""

    expires_in_days: Annotated[StrictInt, Field(ge=1, le=LONGEST_DAYS)] = DEFAULT_DAYS
    max_uses: Annotated[StrictInt, Field(ge=1, le=MOST_USES)] = DEFAULT_USES


class AcceptIn(Input):
    """An invite accepted: empty if logged in, else the new account."""

    username: Line | None = None
    password: Line | None = None


class MessageIn(Input):
    """A message to send; `clientId` makes a retry harmless, `replyTo` is a message's number.

    `uploads` are the ids of files that have come whole; with them the content may be empty.
    """

    content: Text
    client_id: Annotated[StrictStr, Field(max_length=100, pattern=r"^[^\x00]+$")] | None = None
    reply_to: Annotated[StrictInt, Field(ge=1, le=LARGEST_CURSOR)] | None = None
    uploads: Annotated[list[UploadId], Field(max_length=10)] = []


class UploadIn(Input):
    """A file that is about to come. What it is, its content says; `type` is not relied on."""

    name: Line
    size: Cursor
    type: Line = ""


class MessagePatch(Input):
    """The new text of a message; `editedAt` as last seen refuses to overwrite another change."""

    content: Text
    edited_at: Annotated[StrictStr, Field(max_length=40)] | None = ANY_EDIT


class MessageQuery(BaseModel):
    """Which page of a timeline; at most one of the five cursors.

    `history` says which history `since` is of; the header X-Projchat-History says the same.

    `date` is a day or a moment, in UTC where it names no zone: the page is the one around the
    first message from then on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    before: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)] | None = None
    after: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)] | None = None
    around: Annotated[int, Field(ge=1, le=LARGEST_CURSOR)] | None = None
    since: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)] | None = None
    date: datetime | None = None
    history: Annotated[str, Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_cursor(self) -> "MessageQuery":
        cursors = (self.before, self.after, self.around, self.since, self.date)
        if sum(cursor is not None for cursor in cursors) > 1:
            raise ValueError("one_cursor")
        return self


class ChangesQuery(BaseModel):
    """From which version on, and how many seconds to wait if nothing has changed since.

    Without `since` only what comes from now on is wanted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)] | None = None
    wait: Annotated[int, Field(ge=0, le=30)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 500
    history: Annotated[str, Field(max_length=100)] | None = None


class CatchUpQuery(BaseModel):
    """Where the absence began: the last message that was read before it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)] | None = None
    history: Annotated[str, Field(max_length=100)] | None = None


class SearchQuery(BaseModel):
    """What to look for; `before` is the id of the last result that is known already.

    `zone` says how many minutes the reader's clock is ahead of UTC, for days like 2026-11-20.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Annotated[str, Field(min_length=1, max_length=500)]
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    before: Annotated[int, Field(ge=1, le=LARGEST_CURSOR)] | None = None
    zone: Annotated[int, Field(ge=-900, le=900)] = 0


class BeforeQuery(BaseModel):
    """Where a page ends: before a moment, in UTC where it names no zone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: datetime | None = None

    @property
    def moment(self) -> datetime | None:
        """The moment, with its zone."""
        return self.before and (
            self.before if self.before.tzinfo else self.before.replace(tzinfo=UTC)
        )


class LinkQuery(BaseModel):
    """Which links; `before` is the id of the last message that is known already."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    before: Annotated[int, Field(ge=1, le=LARGEST_CURSOR)] | None = None


class ThreadQuery(BaseModel):
    """Which part of a thread: what comes after a number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=500)] = 200
    after: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)] = 0


class JoinIn(Input):
    """`join_room`: enter a project's room, and catch up from a version by `limit` messages."""

    project_id: Cursor
    since: Cursor | None = None
    history: Line | None = None
    limit: Annotated[StrictInt, Field(ge=1, le=500)] = 500


class LeaveIn(Input):
    """`leave_room`."""

    project_id: Cursor


class TypingIn(Input):
    """`typing`."""

    project_id: Cursor
    is_typing: StrictBool


class Person(Output):
    """Somebody as others see them."""

    id: int
    name: str


class Account(Person):
    """Somebody as they see themselves."""

    username: str
    email: str | None
    locale: str | None
    is_admin: bool
    show_reading: bool


class SessionOut(Output):
    """The token that unsafe calls carry in X-CSRFToken, and who is logged in.

    `history` names what all ids and counters count. An unsafe call, or one with `since`, that
    carries another one in X-Projchat-History is refused with 409 and `history_changed`.
    """

    csrf_token: str
    history: str
    user: Account | None


class LoginOut(Output):
    """One of my logins."""

    id: int
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


class LoginsOut(Output):
    """My logins."""

    sessions: list[LoginOut]


class ProjectOut(Output):
    """A project in a list.

    `unread` is messageCount - lastReadNumber, `mentions` how many of these mention the viewer.
    """

    id: int
    name: str
    description: str
    created_at: datetime
    archived_at: datetime | None
    message_count: int
    version: int
    role: Literal["owner", "admin", "member"]
    last_read_number: int
    unread: int
    mentions: int
    notify: Literal["all", "mentions", "none"]


class ProjectsOut(Output):
    """My projects."""

    projects: list[ProjectOut]


class MemberOut(Person):
    """A member of a project; `lastReadNumber` is null if they do not show their reading.

    `mistakable` says that the name does not show, or looks like a role or like somebody else in
    the project, so that the username belongs beside it.
    """

    username: str
    mistakable: bool
    role: Literal["owner", "admin", "member"]
    last_read_number: int | None


class ProjectDetailOut(ProjectOut):
    """One project with its people; `presence` are those who are here now.

    `descriptionHtml` is the description rendered and sanitised as messages are; `mentionNumbers`
    are the unread messages that mention the viewer, the newest hundred.
    """

    description_html: str
    mention_numbers: list[int]
    members: list[MemberOut]
    presence: list[Person]
    presence_count: int


class ReadOut(Output):
    """How far the viewer has read."""

    last_read_number: int


class InviteOut(Output):
    """An invite link."""

    id: int
    url: str
    token: str
    created_by: Person
    created_at: datetime
    expires_at: datetime
    uses: int
    max_uses: int


class InvitesOut(Output):
    """The invites that can still be used."""

    invites: list[InviteOut]


class InvitedProject(Output):
    """The project behind an invite."""

    id: int
    name: str


class InviteGuestOut(Output):
    """What the holder of a link may know."""

    project: InvitedProject
    invited_by: str
    expires_at: datetime


class AcceptOut(SessionOut):
    """Where an accepted invite leads."""

    project_id: int


class ReactionOut(Output):
    """One emoji under a message, and who chose it."""

    emoji: str
    user_ids: list[int]


class AttachmentOut(Output):
    """A file of a message; a picture has its size in pixels and a thumbnail."""

    id: str
    name: str
    type: str
    size: int
    width: int | None
    height: int | None
    url: str
    thumbnail_url: str | None


class UploadOut(Output):
    """A file on its way: `offset` bytes have come; `attachment` once it is whole."""

    id: str
    name: str
    size: int
    offset: int
    attachment: AttachmentOut | None


class MessageOut(Output):
    """A message, the same object everywhere."""

    id: int
    project_id: int
    number: int
    version: int
    client_id: str
    kind: Literal["text", "system"]
    content: str
    html: str
    event: dict[str, Any] | None
    attachments: list[AttachmentOut]
    author: Person
    reply_to: int | None
    mentions: list[int]
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    thread_root: int | None
    reply_count: int
    last_reply: int | None
    reactions: list[ReactionOut]
    pinned_at: datetime | None
    pinned_by: int | None


class ResultOut(MessageOut):
    """A message that a search has found.

    `excerpt` is a piece of its plain text, `marks` are the places of what was looked for in it,
    each from one character to before another (counted in characters, not in UTF-16 units).
    """

    project_name: str
    excerpt: str
    marks: list[tuple[int, int]]


class ResultsOut(Output):
    """What a search has found, newest first.

    `next` is the `before` of the next page. `incomplete` says that the search stopped there,
    before it had found as many as asked for, since it would have taken too long for one answer.
    """

    results: list[ResultOut]
    has_more: bool
    incomplete: bool
    next: int | None


class LinkOut(Output):
    """An address that a message links to, and the words that lead there."""

    url: str
    text: str
    message_id: int
    number: int
    author: Person
    created_at: datetime


class LinksOut(Output):
    """The links of a project's messages, newest first."""

    links: list[LinkOut]
    has_more: bool


class PageOut(Output):
    """A page of messages, oldest first.

    With `since`, `version` is the cursor to go on from, and `reset` says that the cursor is
    ahead of this database, so start afresh from the newest page. With `date`, `number` is the
    message that was looked for, null if there is none so late.
    """

    messages: list[MessageOut]
    version: int
    history: str
    has_more: bool
    reset: bool | None = None
    number: int | None = None


class ChangesOut(Output):
    """What has changed, in the order of the changes, and who is here.

    `version` is the cursor to go on from. With `reset` the messages are the newest page, to start
    afresh from.
    """

    messages: list[MessageOut]
    version: int
    history: str
    has_more: bool
    reset: bool
    presence: list[Person]
    presence_count: int


class Writer(Person):
    """Somebody who wrote `count` messages."""

    count: int


class CatchUpOut(Output):
    """What happened after message `since` and up to `until`, done by others than me.

    Of an absence of more than 5,000 messages only the last ones count, and `since` says so. Each
    section lists the newest fifty, or fewer where they are long: messages that mention me, replies
    to me, questions that no message replies to, messages with files, messages of any age that
    others pinned meanwhile (in the order they were pinned), and older messages that were edited or
    deleted meanwhile. `people` are the hundred who wrote most, of `peopleCount`.
    """

    since: int
    until: int
    count: int
    people: list[Writer]
    people_count: int
    mentions: list[MessageOut]
    replies: list[MessageOut]
    questions: list[MessageOut]
    files: list[MessageOut]
    pinned: list[MessageOut]
    changed: list[MessageOut]


class PinsOut(Output):
    """The pinned messages, the latest first."""

    messages: list[MessageOut]
    has_more: bool


class RevisionOut(Output):
    """A former text of a message, and when it was written."""

    content: str
    html: str
    created_at: datetime


class RevisionsOut(Output):
    """The former texts of a message, oldest first."""

    revisions: list[RevisionOut]
    has_more: bool


class ErrorBody(Output):
    """What went wrong, for programs (`code`) and for people (`message`, `fields`)."""

    code: str
    message: str
    fields: dict[str, str]


class ErrorOut(Output):
    """The one shape of all errors."""

    error: ErrorBody


class HealthOut(Output):
    """The state of the process and of what it needs."""

    status: str
