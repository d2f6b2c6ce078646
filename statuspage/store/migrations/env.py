"""Run by Alembic; the connection and its transaction are those of statuspage.store.migrate."""

from alembic import context

from statuspage.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
