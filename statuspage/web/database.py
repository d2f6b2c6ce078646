"""Flask-SQLAlchemy on the store's own tables: a request-scoped session for pages that only read. Writing is done by actions."""

from __future__ import annotations

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from statuspage.store.engine import prepare
from statuspage.store.tables import Base

# Given our metadata rather than our Base: it would put a registry of its own into it.
database = SQLAlchemy(metadata=Base.metadata)


def init_app(app: Flask, url: str) -> None:
    """Binds it to the address that every other process uses too, with the same settings on every connection."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    database.init_app(app)
    with app.app_context():
        prepare(database.engine)
