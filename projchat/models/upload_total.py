"""How many bytes the files of each project take, and all files together.

The numbers are kept: to add up a million files at each upload would take longer with each file.
"""

from collections.abc import Mapping

from sqlalchemy import BigInteger, case, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model, db

# In the place of a project's id: all projects.
ALL = 0


class UploadTotal(Model):
    """The sum of the sizes of a project's files; a project without files may have no row.

    A change locks the rows until the end of its transaction, the one of all projects last, so that
    two changes at once neither miss each other nor wait for each other in a circle.
    """

    __tablename__ = "upload_totals"

    project_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    bytes: Mapped[int] = mapped_column(BigInteger)

    @classmethod
    def add(cls, project_id: int, size: int, quota: int) -> bool:
        """Add the size of a file, at most `quota`; False if there is no room for it."""
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        row = dialect.insert(cls.__table__).values(project_id=project_id, bytes=size)
        total = cls.__table__.c.bytes + size
        statement = row.on_conflict_do_update(
            index_elements=["project_id"], set_={"bytes": total}, where=total <= quota
        )
        return bool(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]

    @classmethod
    def subtract(cls, sizes: Mapping[int, int]) -> None:
        """Take off the sizes of files that are gone, by project."""
        if not sizes:
            return
        for project_id in sorted(sizes):
            cls._subtract(project_id, sizes[project_id])
        cls._subtract(ALL, sum(sizes.values()))

    @classmethod
    def count_anew(cls) -> None:
        """Add up all files: a version from before these numbers did not keep them."""
        table, uploads = cls.__table__, cls.metadata.tables["uploads"]
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("LOCK TABLE upload_totals IN EXCLUSIVE MODE"))
        db.session.execute(table.delete())  # type: ignore[attr-defined]
        columns = ["project_id", "bytes"]
        size = func.sum(uploads.c.size)
        each = select(uploads.c.project_id, size).group_by(uploads.c.project_id)
        in_all = select(text(str(ALL)), size).select_from(uploads).having(func.count() > 0)
        for sums in (each, in_all):
            db.session.execute(insert(cls).from_select(columns, sums))

    @classmethod
    def _subtract(cls, project_id: int, size: int) -> None:
        bytes_ = cls.__table__.c.bytes
        rest = case((bytes_ > size, bytes_ - size), else_=0)
        change = update(cls).where(cls.project_id == project_id).values(bytes=rest)
        db.session.execute(change, execution_options={"synchronize_session": False})
