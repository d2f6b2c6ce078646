"""The part of the Instagram API that a broadcaster meets: a picture fetched from its address, a caption of 2,200 characters."""

from __future__ import annotations

from typing import Any

from statuspage.demo.networks import containers, meta
from statuspage.demo.networks.accounts import Account
from statuspage.demo.networks.pictures import Unfit
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import Container, World

NAME, TITLE = "instagram", "Instagram"
API = ("/v26.0/", "/refresh_access_token")
PREPARES = ("/media",)
MAXIMUM = 2200

_SUBCODES = {"fetch": 2207052, "format": 2207005, "shape": 2207009}


def answer(call: Call, world: World) -> Reply:
    return containers.answer(_KIND, call, world)


refusal = meta.refusal


def _draft(fields: dict[str, Any], world: World, owner: Account) -> Container | Reply:
    caption, url = str(fields.get("caption", "")), str(fields.get("image_url", ""))
    if len(caption) > MAXIMUM:
        return meta.error(400, 100, "The caption was too long", subcode=2207010)
    if world.faults.take(NAME, True, ("unfetched",)):
        return meta.error(400, 9004, "Timeout while downloading media", subcode=2207003)
    try:
        picture = world.pictures.taken(url)
    except Unfit as unfit:
        return meta.error(400, 9004, str(unfit), subcode=_SUBCODES[unfit.code])
    return Container(owner.name, caption, world.now(), picture=picture, alt=str(fields.get("alt_text", "")))


_KIND = containers.Kind(
    name=NAME,
    version="v26.0",
    makes="media",
    publishes="media_publish",
    limit="content_publishing_limit",
    lists={"media": lambda entry: True},
    state="status_code",
    why="status",
    words="caption",
    quota=50,
    draft=_draft,
)
