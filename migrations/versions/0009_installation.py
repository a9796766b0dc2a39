"""Say which history the counters and ids count.

Revision ID: 0009
Revises: 0008
"""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    installation = op.create_table(
        "installation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("history", sa.String(length=32), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    began = {"id": 1, "history": secrets.token_hex(16), "began_at": datetime.now(UTC)}
    op.bulk_insert(installation, [began])


def downgrade() -> None:
    """Take back."""
    op.drop_table("installation")
