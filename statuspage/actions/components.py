"""The components that the configuration names, as the store remembers them."""

from __future__ import annotations

from statuspage.actions.context import Context
from statuspage.settings import Settings
from statuspage.store import Session, components, incidents, maintenance
from statuspage.store.components import Configured


def sync(ctx: Context) -> None:
    """Gives an id to what is new, marks what is gone, and hands history over to what was renamed. Repeats change nothing."""
    groups = [Configured(group.slug, group.name, is_group=True) for group in ctx.settings.groups]
    single = [
        Configured(component.slug, component.name, was=tuple(component.was), private=component.private)
        for component in ctx.settings.components
    ]
    with ctx.ports.store.writing() as session:
        components.sync(session, [*groups, *single], now=ctx.now(), new_id=ctx.new_id)


def left_open(session: Session, settings: Settings) -> list[str]:
    """What goes on and names a component that this configuration has not, or has as private alone, a sentence each; rehearsals left out."""
    present = {slug for component in settings.components for slug in (component.slug, *component.was)}
    hidden = {slug for component in settings.components if component.private for slug in (component.slug, *component.was)}
    found = []
    for incident in incidents.opened(session):
        gone = sorted(incident.components.keys() - present)
        if gone and not incident.drill:
            found.append(
                f"Incident {incident.id} is open and names {', '.join(gone)}, which this configuration has not: it stays on the page under "
                "its last name and its promised updates go on, but no check will see it end. Resolve it when it is over."
            )
        elif incident.titles and incident.components.keys() <= hidden and not incident.drill:
            found.append(
                f"Incident {incident.id} is open and public, and names {', '.join(sorted(incident.components))} alone, private in this "
                "configuration: it leaves the page, and its posts stay without an end. Make that private when it is over."
            )
    for work in maintenance.unfinished(session):
        gone = sorted(set(work.components) - present)
        if gone and not work.drill:
            found.append(
                f"Planned work {work.id} names {', '.join(gone)}, which this configuration has not: it stays on the page under its last "
                "name and begins on time, but no check will see it done. Complete it, or cancel it before it begins."
            )
        elif work.titles and set(work.components) <= hidden and not work.drill:
            found.append(
                f"Planned work {work.id} is public, and names {', '.join(sorted(work.components))} alone, private in this configuration: "
                "it leaves the page, and its posts stay without an end. Make that private when it is over, or cancel the work first."
            )
    return found
