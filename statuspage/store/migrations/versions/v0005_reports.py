"""What customers report, counted by the minute; and when an incident was first reported"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import statuspage.store.types

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("component", sa.String(length=100), nullable=False),
        sa.Column("symptom", sa.String(length=64), nullable=False),
        sa.Column("at", statuspage.store.types.Moment(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("component", "symptom", "at"),
    )
    op.add_column("incident", sa.Column("first_reported_at", statuspage.store.types.Moment(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("incident", "first_reported_at")
    op.drop_table("report")
