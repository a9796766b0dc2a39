"""Reactions, pins, threads, and the former texts of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLUMNS = ("pinned_by", "pinned_at", "last_reply", "reply_count", "thread_root", "reactions")
DIALECTS = ("postgresql", "sqlite")
PINNED = {f"{dialect}_where": sa.text("pinned_at IS NOT NULL") for dialect in DIALECTS}
THREADS = {f"{dialect}_where": sa.text("thread_root IS NOT NULL") for dialect in DIALECTS}
# A reply to a message that is in a thread, or begins one, is in that thread too.
GATHER = """
UPDATE messages SET thread_root = (
    SELECT coalesce(replied.thread_root, replied.number) FROM messages AS replied
    WHERE replied.project_id = messages.project_id AND replied.number = messages.reply_to
)
WHERE thread_root IS NULL AND reply_to IS NOT NULL AND EXISTS (
    SELECT 1 FROM messages AS replied
    WHERE replied.project_id = messages.project_id AND replied.number = messages.reply_to
    AND (replied.reply_to IS NULL OR replied.thread_root IS NOT NULL)
)
"""
COUNT = """
UPDATE messages SET
    reply_count = (
        SELECT count(*) FROM messages AS reply
        WHERE reply.project_id = messages.project_id AND reply.thread_root = messages.number
    ),
    last_reply = (
        SELECT max(reply.number) FROM messages AS reply
        WHERE reply.project_id = messages.project_id AND reply.thread_root = messages.number
    )
WHERE EXISTS (
    SELECT 1 FROM messages AS reply
    WHERE reply.project_id = messages.project_id AND reply.thread_root = messages.number
)
"""


def upgrade() -> None:
    """Make the columns."""
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reactions", sa.JSON(none_as_null=True), nullable=True))
        for column in ("thread_root", "reply_count", "last_reply"):
            batch_op.add_column(sa.Column(column, sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("pinned_by", sa.BigInteger(), nullable=True))
    op.create_index("ix_messages_pinned", "messages", ["project_id", "pinned_at"], **PINNED)
    op.create_index(
        "ix_messages_thread", "messages", ["project_id", "thread_root", "number"], **THREADS
    )
    _gather_threads()
    op.create_table(
        "revisions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("message_id", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_revisions_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
    )
    op.create_index(op.f("ix_revisions_message_id"), "revisions", ["message_id"])


def _gather_threads() -> None:
    """Find the threads of what has been said, reply by reply, and count them."""
    while op.get_bind().execute(sa.text(GATHER)).rowcount:
        pass
    op.execute(sa.text(COUNT))


def downgrade() -> None:
    """Take back."""
    op.drop_table("revisions")
    op.drop_index("ix_messages_thread", "messages")
    op.drop_index("ix_messages_pinned", "messages")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        for column in COLUMNS:
            batch_op.drop_column(column)
