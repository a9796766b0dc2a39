"""Reactions and pins."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

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


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_messages_pinned", "messages")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        for column in ("pinned_by", "pinned_at", "reactions"):
            batch_op.drop_column(column)
