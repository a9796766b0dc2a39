"""Index the words of the messages.

Revision ID: 0006
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from projchat.models import word_index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply, and fill the index with the messages that are there."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE message_index USING fts5("
            "tokens, content='', detail=none, columnsize=0, tokenize='ascii')"
        )
        word_index.fill(op.get_bind())
    else:
        op.execute("SET LOCAL statement_timeout = 0")
        op.create_table(
            "message_index",
            sa.Column("message_id", sa.BigInteger(), nullable=False),
            sa.Column("tokens", sa.ARRAY(sa.Integer()), nullable=False),
            sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_index")),
            sa.ForeignKeyConstraint(
                ["message_id"],
                ["messages.id"],
                name=op.f("fk_message_index_message_id_messages"),
                ondelete="CASCADE",
            ),
        )
        word_index.fill(op.get_bind())
        # It is quicker built at once than row by row; and a list of what is still to be sorted
        # in, which it would keep otherwise, makes every search walk through it.
        op.execute(
            "CREATE INDEX ix_message_index_tokens ON message_index"
            " USING gin (tokens) WITH (fastupdate = off)"
        )


def downgrade() -> None:
    """Take back."""
    op.drop_table("message_index")
