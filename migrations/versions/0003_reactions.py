"""Reactions, pins, and the former texts of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PINNED = {
    f"{dialect}_where": sa.text("pinned_at IS NOT NULL") for dialect in ("postgresql", "sqlite")
}


def upgrade() -> None:
    """Make the columns."""
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reactions", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("pinned_by", sa.BigInteger(), nullable=True))
    op.create_index("ix_messages_pinned", "messages", ["project_id", "pinned_at"], **PINNED)
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


def downgrade() -> None:
    """Take back."""
    op.drop_table("revisions")
    op.drop_index("ix_messages_pinned", "messages")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        for column in ("pinned_by", "pinned_at", "reactions"):
            batch_op.drop_column(column)
