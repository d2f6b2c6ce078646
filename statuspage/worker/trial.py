"""Whether a channel's credentials count, asked of the network without posting anything."""

from __future__ import annotations

from dataclasses import dataclass

from broadcasters import BROADCASTERS
from broadcasters.errors import BroadcastError, OutcomeClass
from statuspage.actions.context import Context
from statuspage.core.errors import NotFound
from statuspage.store import accounts
from statuspage.worker.desk import configured
from statuspage.worker.postmaster import Network, open_network


@dataclass(frozen=True)
class Trial:
    """What the network said. good: whether the credentials count; None where nothing can be asked, as of a webhook."""

    channel: str
    account: str
    kind: str
    good: bool | None
    said: str


def try_channel(ctx: Context, name: str) -> Trial:
    """Asks the network who we are, with the credentials that the worker would use now. Posts nothing. Raises NotFound.

    A session is begun where there is none yet, and not kept. A token that can be renewed only once is left to the worker: renewing it
    here would take it away from there.
    """
    info = ctx.channels.get(name)
    if info is None:
        raise NotFound(f"There is no channel {name!r}. Use one of: {', '.join(sorted(ctx.channels)) or 'none is configured'}.")
    account, kind = info.channel.account, info.channel.network
    network = open_network(ctx, BROADCASTERS[kind], account)
    askable = getattr(BROADCASTERS[kind], "ASKABLE", True)
    try:
        _sign_in(ctx, network, account)
        return Trial(name, account, kind, True if askable else None, network.verify())
    except BroadcastError as error:
        later = error.outcome is OutcomeClass.REAUTH and network.can("refresh")
        hint = " The worker renews the credentials by itself when it next posts, if that is possible." if later else ""
        return Trial(name, account, kind, False, f"{error.detail}{hint}")


def _sign_in(ctx: Context, network: Network, account: str) -> None:
    """Takes up renewed credentials; without any, begins a session for a kind that has no lasting access token."""
    with ctx.ports.store.reading() as session:
        sealed = accounts.credentials(session, account)
    of = configured(ctx.configs[account])
    values = accounts.open_with(sealed, ctx.keys.accepted(), account=account, configured=of) if sealed is not None else None
    if values:
        network.use(values)
    elif getattr(network.config, "access_token", None) == "" and network.can("refresh"):
        network.refresh()
