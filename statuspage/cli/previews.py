"""Everything that an action would say, shown instead of said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from statuspage.actions.previews import Deed, PostPreview, Preview, preview, refusals
from statuspage.cli.common import REFUSED, Invocation, fail, plain
from statuspage.publish.card import alternative

PREVIEW = click.option("--preview", "only_preview", is_flag=True, help="Show every text as it would go out; say nothing.")


def show_preview(invocation: Invocation, deed: Deed, *typed: Mapping[str, str]) -> None:
    """typed: a person's words; what the guard rails refuse in them is named, all of it, with exit status 1."""
    context = invocation.context()
    refused = refusals(context, *typed)
    if refused:
        fail("\n".join(f"{language}: {why}" for language, why in refused), REFUSED)
    found = preview(context, deed)
    if invocation.as_json:
        click.echo(json.dumps(as_json(found), default=plain, ensure_ascii=False, indent=2))
        return
    click.echo("Nothing was said. This is what would go out now; codes and moments are set anew when it does.")
    for language, text in found.texts.items():
        click.echo(f"\n--- page, {language}" + (f": {found.titles[language]}" if language in found.titles else ""))
        click.echo(text)
    for post in found.posts:
        click.echo(f"\n--- {post.row.channel} ({post.row.network}, {post.row.language}): {post.where}")
        click.echo(post.words)
        click.echo(f"[{_facts(post)}]")
    for channel, why in found.silent.items():
        click.echo(f"\n--- {channel}: silent. {why}")


def as_json(found: Preview) -> dict[str, Any]:
    """The same for programs."""
    return {
        "preview": True,
        "kind": str(found.update.kind),
        "status": found.update.status,
        "next_update_by": found.update.next_update_by,
        "titles": dict(found.titles),
        "page": dict(found.texts),
        "missing_languages": found.missing,
        "posts": [_post(post) for post in found.posts],
        "silent": dict(found.silent),
    }


def _post(post: PostPreview) -> dict[str, Any]:
    row = post.row
    return {
        "channel": row.channel,
        "network": row.network,
        "account": row.account,
        "language": row.language,
        "text": post.words,
        "place": str(post.place),
        "continues_update": post.continues,
        "replaces_updates": post.replaces,
        "lengths": [{"used": one.used, "allowed": one.allowed, "unit": one.unit} for one in post.lengths],
        "left_out": post.left_out,
        "link": post.link or None,
        "code": row.code,
        "picture": alternative(row.text_alone, row.code) if post.picture else None,
        "not_before": row.not_before,
        "valid_until": row.valid_until,
    }


def _facts(post: PostPreview) -> str:
    told = [f"{one.used} of {one.allowed} {one.unit}" for one in post.lengths]
    if post.shortened:
        told.append(f"left out: {post.shortened}")
    if post.picture:
        told.append("as a picture, with these words")
    if post.row.not_before:
        told.append(f"waits until {post.row.not_before:%H:%M:%S} UTC")
    if post.replaces:
        told.append(f"replaces update {', '.join(map(str, post.replaces))}")
    return "; ".join([*told, f"code like {post.row.code}"])
