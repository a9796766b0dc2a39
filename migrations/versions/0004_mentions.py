"""Mentions, how far others see each member, and who does not show it.

Revision ID: 0004
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "mentions",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_mentions_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mentions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "number", "user_id", name=op.f("pk_mentions")),
    )
    op.create_index(
        "ix_mentions_user_id_project_id_number", "mentions", ["user_id", "project_id", "number"]
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mentions", sa.JSON(none_as_null=True), nullable=True))
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("seen_number", sa.BigInteger(), nullable=False, server_default="0")
        )
    op.execute("UPDATE memberships SET seen_number = last_read_number")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("show_reading", sa.Boolean(), nullable=False, server_default=sa.true())
        )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("show_reading")
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.drop_column("seen_number")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("mentions")
    op.drop_index("ix_mentions_user_id_project_id_number", table_name="mentions")
    op.drop_table("mentions")
