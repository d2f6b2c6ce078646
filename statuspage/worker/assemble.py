"""Puts a configuration and its parts together into the Context that actions and loops are handed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import Any

from broadcasters import BROADCASTERS, text
from statuspage.actions.context import ChannelInfo, Context
from statuspage.core.notices import Channel
from statuspage.core.vocabulary import UpdateMode
from statuspage.ports import Ports
from statuspage.settings import Settings
from statuspage.settings.keys import SEAL
from statuspage.settings.loader import Loaded
from statuspage.settings.process import ProcessSettings
from statuspage.store import components
from statuspage.words import PageFacts, Words
from statuspage.words.catalogue import load_catalogue


def build_context(ports: Ports, process: ProcessSettings, loaded: Loaded) -> Context:
    """The context of one accepted configuration."""
    return Context(
        ports=ports,
        settings=loaded.settings,
        words=build_words(loaded.settings, _kept_names(ports)),
        keys=process.keys(SEAL),
        configs=loaded.configs,
        targets=loaded.targets,
        channels=channel_infos(loaded.settings, loaded.configs),
        logo=loaded.logo,
    )


def _kept_names(ports: Ports) -> dict[str, dict[str, str]]:
    """Names of components that were removed from the configuration: an open incident about one is still told to its end."""
    with ports.store.reading() as session:
        return {slug: dict(record.names) for slug, record in components.all(session).items()}


def build_words(settings: Settings, kept: Mapping[str, dict[str, str]] | None = None) -> Words:
    """The words of the bank's notices. kept: names of components that stand in the configuration no more."""
    page = settings.page
    names = dict(kept or {})
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
        )
    return infos


def delivery_class(module: ModuleType, config: Any) -> str:
    """Class of a network, which may hang on the server that an account is at."""
    decide = getattr(module, "delivery_class", None)
    return str(decide(config) if decide else module.CLASS)
