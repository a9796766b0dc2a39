"""Count the messages whose words are in the index, so that they may be noted after the post.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from projchat.models import word_index

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply: until now the words were noted with the message itself."""
    count = sa.Column("indexed_count", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("projects", count)
    op.execute("UPDATE projects SET indexed_count = message_count")


def downgrade() -> None:
    """Take back, once the words of all messages are noted."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = 0")
    word_index.complete(op.get_bind())
    op.drop_column("projects", "indexed_count")
