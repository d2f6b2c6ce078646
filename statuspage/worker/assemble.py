"""Puts a configuration and its parts together into the Context that actions and loops are handed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

from broadcasters import BROADCASTERS, text
from statuspage.actions.context import ChannelInfo, Context
from statuspage.core.components import ComponentRecord
from statuspage.core.lengths import Length
from statuspage.core.notices import Channel
from statuspage.core.vocabulary import UpdateMode
from statuspage.ports import Ports
from statuspage.settings import Settings
from statuspage.settings.keys import NOTICES, SEAL
from statuspage.settings.loader import Loaded
from statuspage.settings.process import ProcessSettings
from statuspage.store import components
from statuspage.words import PageFacts, Words
from statuspage.words.catalogue import load_catalogue


def build_context(ports: Ports, process: ProcessSettings, loaded: Loaded) -> Context:
    """The context of one accepted configuration."""
    with ports.store.reading() as session:
        records = known_components(loaded.settings, components.all(session))
    return Context(
        ports=ports,
        settings=loaded.settings,
        words=build_words(loaded.settings, records),
        keys=process.keys(SEAL),
        configs=loaded.configs,
        targets=loaded.targets,
        channels=channel_infos(loaded.settings, loaded.configs),
        logo=loaded.logo,
        signing=process.keys(NOTICES),
        former=former(loaded.settings, records),
    )


def known_components(settings: Settings, records: Mapping[str, ComponentRecord]) -> dict[str, ComponentRecord]:
    """The same, each with a name in the page's default language, which may have been another when a component was removed."""
    default = settings.page.default_language
    return {
        slug: replace(record, names={default: next(iter(record.names.values()), slug), **record.names}) for slug, record in records.items()
    }


def former(settings: Settings, records: Mapping[str, ComponentRecord]) -> dict[str, ComponentRecord]:
    """The public components that a configuration has no more, by slug; those that it calls otherwise are not among them."""
    present = {slug for component in settings.components for slug in (component.slug, *component.was)}
    return {slug: record for slug, record in records.items() if slug not in present and not record.is_group and not record.private}


def build_words(settings: Settings, records: Mapping[str, ComponentRecord] | None = None) -> Words:
    """The words of the bank's notices. records: all components ever, since an open incident may name one that was removed."""
    page = settings.page
    names = {slug: dict(record.names) for slug, record in (records or {}).items()}
    names |= {group.slug: dict(group.name) for group in settings.groups}  # a notice may name a whole group
    names |= {component.slug: dict(component.name) for component in settings.components}
    facts = PageFacts(
        bank=page.bank,
        url=page.url,
        languages=tuple(page.languages),
        default_language=page.default_language,
        time_zone=page.time_zone,
        phone=page.phone,
        names=names,
        hosts=tuple(page.hosts),
        contact_path=page.contact_path,
        claim_path=page.claim_path,
    )
    return Words(facts, load_catalogue())


def channel_infos(settings: Settings, configs: Mapping[str, Any]) -> dict[str, ChannelInfo]:
    """What actions and the dispatcher need to know of each channel."""
    kinds = {account.name: account.kind for account in settings.accounts}
    infos = {}
    for channel in settings.channels:
        module = BROADCASTERS[kinds[channel.account]]
        config = configs[channel.account]
        limits = module.limits(config)
        infos[channel.name] = ChannelInfo(
            channel=Channel(
                name=channel.name,
                account=channel.account,
                network=kinds[channel.account],
                language=channel.language,
                mode=channel.mode or UpdateMode(module.MODES[0]),
                link=channel.link,
                sandbox=channel.sandbox,
                operators=channel.operators,
            ),
            fits=partial(text.fits, limits=limits),
            delivery_class=delivery_class(module, config),
            components=frozenset(channel.components),
            pictures=getattr(module, "PICTURES", False),
            sms=getattr(module, "SMS", False),
            mail=module.leave_line(settings.page.url, config) if getattr(module, "MAIL", False) else "",
            run=getattr(module, "RUN", False),
            lengths=partial(_lengths, limits=limits),
            can_edit=hasattr(module, "edit"),
        )
    return infos


def _lengths(words: str, limits: text.Limits) -> tuple[Length, ...]:
    return tuple(Length(*found) for found in text.counts(words, limits))


def delivery_class(module: ModuleType, config: Any) -> str:
    """Class of a network, which may hang on the server that an account is at."""
    decide = getattr(module, "delivery_class", None)
    return str(decide(config) if decide else module.CLASS)
