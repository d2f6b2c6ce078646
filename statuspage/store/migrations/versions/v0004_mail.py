"""Mail: the list in force, who was sent what, who left"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import statuspage.store.types

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    moment = statuspage.store.types.Moment(timezone=True)
    op.create_table(
        "mail_list",
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("subscribers", sa.Integer(), nullable=False),
        sa.Column("read_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "mail_subscriber",
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("account", "edition", "tag"),
    )
    op.create_table(
        "mail",
        sa.Column("delivery_id", sa.String(length=12), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("doubtful", sa.Integer(), nullable=False),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "tag"),
    )
    op.create_index("ix_mail_state", "mail", ["delivery_id", "state"])
    op.create_table(
        "mail_left",
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("tag"),
    )


def downgrade() -> None:
    for table in ("mail_left", "mail", "mail_subscriber", "mail_list"):
        op.drop_table(table)
