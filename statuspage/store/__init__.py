"""The only code that knows tables. Takes a session and core values, returns core values."""

from sqlalchemy.orm import Session

import statuspage.store.mail_tables  # noqa: F401  # its tables are known wherever a database is made
from statuspage.store.engine import Database

__all__ = ["Database", "Session"]
