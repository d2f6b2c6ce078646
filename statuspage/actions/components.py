"""The components that the configuration names, as the store remembers them."""

from __future__ import annotations

from statuspage.actions.context import Context
from statuspage.store import Session, components
from statuspage.store.components import Configured


def sync(ctx: Context) -> None:
    """Gives an id to what is new, marks what is gone, and hands history over to what was renamed. Repeats change nothing."""
    with ctx.ports.store.writing() as session:
        sync_in(session, ctx)


def sync_in(session: Session, ctx: Context) -> None:
    """As sync, in the caller's transaction: together with the acceptance of a configuration."""
    groups = [Configured(group.slug, group.name, is_group=True) for group in ctx.settings.groups]
    single = [Configured(component.slug, component.name, was=tuple(component.was)) for component in ctx.settings.components]
    components.sync(session, [*groups, *single], now=ctx.now(), new_id=ctx.new_id)
