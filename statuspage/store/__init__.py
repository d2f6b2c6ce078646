"""The only code that knows tables. Takes a session and core values, returns core values."""

from sqlalchemy.orm import Session

from statuspage.store.engine import Database

__all__ = ["Database", "Session"]
