"""Windows of planned work and what they silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from statuspage.core.vocabulary import MaintenanceStatus


@dataclass(frozen=True)
class Maintenance:
    """Planned work on some components between two moments. Cancelled work is completed with `cancelled` set."""

    id: str
    titles: Mapping[str, str]
    status: MaintenanceStatus
    components: tuple[str, ...]
    symptom: str
    created_at: datetime
    updated_at: datetime
    scheduled_for: datetime
    scheduled_until: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled: bool = False
    drill: bool = False
    next_update_by: datetime | None = None
    version: int = 1

    def silences(self, slug: str, at: datetime) -> bool:
        """True while the work on that component runs: started, not yet ended, not cancelled."""
        if self.cancelled or slug not in self.components or self.started_at is None:
            return False
        end = self.completed_at or self.scheduled_until
        return self.started_at <= at < end
