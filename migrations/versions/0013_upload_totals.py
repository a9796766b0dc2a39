"""Keep how much room the files take, by project and in all.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "upload_totals",
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_upload_totals")),
    )
    # 0 stands for all projects; without a file there is no row.
    op.execute(
        "INSERT INTO upload_totals (project_id, bytes) "
        "SELECT project_id, SUM(size) FROM uploads GROUP BY project_id"
    )
    op.execute(
        "INSERT INTO upload_totals (project_id, bytes) "
        "SELECT 0, SUM(size) FROM uploads HAVING COUNT(*) > 0"
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("upload_totals")
