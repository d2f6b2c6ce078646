"""Flask-SQLAlchemy on the store's own tables: a request-scoped session for pages that only read. Writing is done by actions."""

from flask_sqlalchemy import SQLAlchemy

from statuspage.store.tables import Base

database = SQLAlchemy(model_class=Base)
