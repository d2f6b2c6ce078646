"""What a web server in front of the product needs to know, written for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import click

from statuspage.cli.common import Invocation, explained
from statuspage.outside import Folder
from statuspage.publish import fronts
from statuspage.publish.assets import load_assets
from statuspage.publish.headers import RouteClass, headers_for
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.settings.loader import load_file
from statuspage.worker.public_page import public_page

SERVERS = {"nginx": fronts.nginx, "caddy": fronts.caddy}


@click.command()
@click.argument("server", type=click.Choice(sorted(SERVERS)))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
@explained
def front(invocation: Invocation, server: str, folder: Path) -> None:
    """Write the headers of the published files into FOLDER, for nginx or Caddy.

    Both serve the published folder themselves while the product is down; deploy/ has their configurations. Write the headers anew
    after each update, and reload the server: the style sheet and the script of the page are named there by their digests.
    Before anything was published, the bank's own colours are taken from the configuration.
    """
    published = Manifest.from_bytes(Folder(invocation.process.public).read(MANIFEST)).headers
    hashes = load_assets().hashes if published else _coming(invocation)
    headers = {route: published.get(route.value) or headers_for(route, hashes) for route in RouteClass}
    files = SERVERS[server](headers)
    Folder(folder).write_all({PurePosixPath(name): text.encode() for name, text in files.items()})
    invocation.done(f"Wrote {', '.join(sorted(files))} into {folder}. Next: reload {server}.", files=sorted(files), folder=folder)


def _coming(invocation: Invocation) -> Mapping[str, str]:
    """The digests of the pages that are going to be published. Raises ConfigError."""
    loaded = load_file(invocation.process.config, invocation.environ)
    return load_assets(public_page(loaded.settings).theme).hashes


COMMANDS = (front,)
