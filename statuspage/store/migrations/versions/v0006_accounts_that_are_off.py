"""An account that its network refused is off until a person resumes it, or its configuration is another one"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("account", sa.Column("held_for", sa.String(length=64), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("account", "held_for")
