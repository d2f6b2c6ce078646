"""The store's own trouble, told apart from everything else without anybody above knowing SQLAlchemy."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, OperationalError

StoreTrouble = (OperationalError, DBAPIError)
