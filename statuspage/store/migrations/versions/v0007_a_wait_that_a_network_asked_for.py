"""What a network asked the whole account to wait outlives the process"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from statuspage.store.types import Moment

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("account", sa.Column("paused_until", Moment(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "paused_until")
