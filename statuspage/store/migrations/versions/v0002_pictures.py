"""Pictures of notices that are out on the public page"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import statuspage.store.types

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "card",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", statuspage.store.types.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", "digest"),
    )


def downgrade() -> None:
    op.drop_table("card")
