"""Count how often an invite has let somebody in, up to a bound.

Links that are there already, and those that the version before makes, get the largest bound.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    uses = sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False)
    max_uses = sa.Column("max_uses", sa.BigInteger(), server_default="1000", nullable=False)
    for column in (uses, max_uses):
        op.add_column("invites", column)


def downgrade() -> None:
    """Take back."""
    for name in ("max_uses", "uses"):
        op.drop_column("invites", name)
