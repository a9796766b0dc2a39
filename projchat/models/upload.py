"""A file: on its way to the server, waiting to be sent, or part of a message."""

import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import BigInteger, ForeignKey, String, and_, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import set_committed_value

from .. import names
from ..extensions import Model, db
from .errors import Conflict, Invalid
from .types import UtcDateTime, now
from .upload_total import ALL, UploadTotal

if TYPE_CHECKING:
    from .message import Message
    from .project import Project
    from .user import User

NAME_LENGTH = 200
LONGEST_EXTENSION = 20
NAMELESS = "file"
MOST_PER_MESSAGE = 10
MOST_WAITING = 40
# A file that came whole may belong to a message that waits in somebody's outbox.
UNFINISHED_LIFETIME = timedelta(days=1)
WAITING_LIFETIME = timedelta(days=7)
ID = re.compile(r"[0-9a-f]{32}")


class Quotas(NamedTuple):
    """How many bytes files may take: those of one person, of one project, and all of them."""

    person: int
    project: int
    total: int


class Upload(Model):
    """One file. Its bytes lie in the store under its id, and their number there is its offset.

    `type` is what the content turned out to be; None until the file is whole.
    """

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    size: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str | None] = mapped_column(String(100))
    width: Mapped[int | None]
    height: Mapped[int | None]
    has_thumbnail: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def begin(
        cls, project: "Project", author: "User", name: str, size: int, quotas: Quotas
    ) -> "Upload":
        """Make room for a file of `size` bytes.

        Raises `Conflict` if the project is archived, if too many files of the author wait in it
        to be sent, or if a quota would be exceeded.
        """
        if project.archived_at is not None:
            raise Conflict("project_archived")
        if size == 0:
            raise Invalid("upload_empty", "size")
        waiting, taken = cls._space_of(author, project)
        if waiting >= MOST_WAITING:
            raise Conflict("uploads_waiting")
        if taken + size > quotas.person:
            raise Conflict("upload_quota")
        upload = cls(
            id=secrets.token_hex(16),
            project_id=project.id,
            author_id=author.id,
            name=clean_name(name),
            size=size,
            has_thumbnail=False,
            created_at=now(),
        )
        db.session.add(upload)
        db.session.flush()
        if not UploadTotal.add(project.id, size, quotas.project):
            raise Conflict("upload_quota_project")
        if not UploadTotal.add(ALL, size, quotas.total):
            raise Conflict("upload_quota_total")
        return upload

    @classmethod
    def find(cls, project: "Project", viewer: "User", upload_id: str) -> "Upload | None":
        """A file of the project: one's own, or one that is part of a message."""
        if not ID.fullmatch(upload_id):
            return None
        return db.session.scalar(
            select(cls).where(
                cls.id == upload_id,
                cls.project_id == project.id,
                or_(cls.author_id == viewer.id, cls.message_id.is_not(None)),
            )
        )

    @classmethod
    def waiting(cls, project: "Project", author: "User", ids: Sequence[str]) -> list["Upload"]:
        """The author's files with these ids, in this order. Raises `Invalid` unless all wait."""
        if not ids:
            return []
        query = select(cls).where(cls.id.in_(ids), cls._waits_for(project, author))
        found = {upload.id: upload for upload in db.session.scalars(query)}
        if found.keys() != set(ids) or len(found) != len(ids):
            raise Invalid("upload_unknown", "uploads")
        return [found[upload_id] for upload_id in ids]

    @classmethod
    def attach(cls, uploads: Sequence["Upload"], message: "Message") -> None:
        """Make files part of a message; another message may have been quicker."""
        if not uploads:
            return
        table = cls.__table__
        attached = db.session.execute(
            update(table)  # type: ignore[arg-type]
            .where(table.c.id.in_([upload.id for upload in uploads]), table.c.message_id.is_(None))
            .values(message_id=message.id)
        )
        if attached.rowcount != len(uploads):  # type: ignore[attr-defined]
            raise Invalid("upload_unknown", "uploads")

    @classmethod
    def forget_all_of(cls, message: "Message") -> None:
        """Delete the files of a message; the caller removes their bytes after the commit."""
        if message.attachments:
            cls._delete(cls.message_id == message.id)

    @classmethod
    def forget_abandoned(cls) -> list[str]:
        """Delete what nobody has sent in time; the ids, so that the bytes may follow."""
        unfinished = and_(cls.type.is_(None), cls.created_at < now() - UNFINISHED_LIFETIME)
        abandoned = or_(unfinished, cls.created_at < now() - WAITING_LIFETIME)
        return cls._delete(cls.message_id.is_(None), abandoned)

    @property
    def is_whole(self) -> bool:
        """Whether it has come in full and been looked at."""
        return self.type is not None

    @property
    def is_picture(self) -> bool:
        """Whether a browser may show it: it was decoded here from end to end."""
        return self.has_thumbnail

    def become(self, **facts: Any) -> bool:
        """Note what the whole file turned out to be; False if it was given up meanwhile."""
        table = Upload.__table__
        noted = db.session.execute(
            update(table).where(table.c.id == self.id).values(facts)  # type: ignore[arg-type]
        )
        for name, value in facts.items():
            set_committed_value(self, name, value)
        return bool(noted.rowcount)  # type: ignore[attr-defined]

    def forget(self) -> None:
        """Delete it before it is sent. Raises `Conflict` once it is part of a message."""
        if not self._delete(Upload.id == self.id, Upload.message_id.is_(None)):
            raise Conflict("upload_attached")

    def to_dict(self, offset: int) -> dict[str, Any]:
        """The file as its author sees it on its way."""
        whole = attachment_dict(self.project_id, self.to_attachment()) if self.is_whole else None
        return {
            "id": self.id,
            "name": self.name,
            "size": self.size,
            "offset": offset,
            "attachment": whole,
        }

    def to_attachment(self) -> dict[str, Any]:
        """What a message remembers of it."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "size": self.size,
            "width": self.width,
            "height": self.height,
            "hasThumbnail": self.has_thumbnail,
        }

    @classmethod
    def _delete(cls, *which: Any) -> list[str]:
        """Delete files and give their room back; their ids."""
        query = delete(cls).where(*which).returning(cls.id, cls.project_id, cls.size)
        gone = db.session.execute(query).all()
        sizes: Counter[int] = Counter()
        for _id, project_id, size in gone:
            sizes[project_id] += size
        UploadTotal.subtract(sizes)
        return [each.id for each in gone]

    @classmethod
    def _space_of(cls, author: "User", project: "Project") -> tuple[int, int]:
        """How many files of the author wait in the project, and how large all of theirs are."""
        waiting = func.count().filter(cls.message_id.is_(None), cls.project_id == project.id)
        query = select(waiting, func.coalesce(func.sum(cls.size), 0))
        row = db.session.execute(query.where(cls.author_id == author.id)).one()
        return row[0], int(row[1])

    @classmethod
    def _waits_for(cls, project: "Project", author: "User") -> Any:
        mine = and_(cls.project_id == project.id, cls.author_id == author.id)
        return and_(mine, cls.message_id.is_(None), cls.type.is_not(None))


def attachment_dict(project_id: int, kept: dict[str, Any]) -> dict[str, Any]:
    """A file of a message as others see it, with its addresses."""
    api = f"/api/projects/{project_id}"
    shown = {name: value for name, value in kept.items() if name != "hasThumbnail"}
    return {
        **shown,
        "url": f"{api}/uploads/{kept['id']}/{quote(kept['name'], safe='')}",
        "thumbnailUrl": f"{api}/thumbnails/{kept['id']}" if kept["hasThumbnail"] else None,
    }


def clean_name(name: str) -> str:
    """A file's name without its path and without what does not show as it is written."""
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    name = " ".join(names.strip_unseen(name).split())
    if not name.strip("."):
        return NAMELESS
    return name if len(name) <= NAME_LENGTH else _shortened(name)


def _shortened(name: str) -> str:
    """The beginning of a long name, and its extension, which says what it is."""
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > LONGEST_EXTENSION:
        return name[:NAME_LENGTH].rstrip()
    return f"{stem[: NAME_LENGTH - len(extension) - 1].rstrip()}.{extension}"
