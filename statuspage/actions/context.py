"""What every action is handed: the ports, the configuration that runs, the words, and what is known of each channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from statuspage.core.components import ComponentRecord
from statuspage.core.deliveries import Delivery
from statuspage.core.ids import CODE_ALPHABET, CODE_LENGTH, ID_ALPHABET, ID_LENGTH
from statuspage.core.lengths import Length
from statuspage.core.notices import Channel
from statuspage.core.seal import Keys, seal_ok
from statuspage.ports import Ports
from statuspage.settings import Settings

if TYPE_CHECKING:
    from statuspage.words import Words


@dataclass(frozen=True)
class ChannelInfo:
    """One channel as actions need it; built from the configuration and its broadcaster when the parts are put together.

    channel         account, network, language, and the mode and link rule that count (the network's default where none is set)
    fits            True if a text is within the network's limit, as the network counts
    delivery_class  natural_key, keyed, staged, bare or blind
    components      slugs of the components it speaks about; empty: all public ones
    pictures        True where the network takes a notice only as a picture
    sms             True where a post is a short message: no address, the cheap alphabet
    mail            where a post is a mail: its line on how to leave the list; "" anywhere else
    run             True where a post goes to a list of people, each of them for himself
    lengths         how long a text is by each limit of the network, its own unit first
    can_edit        True where a post can be rewritten
    """

    channel: Channel
    fits: Callable[[str], bool]
    delivery_class: str = "bare"
    components: frozenset[str] = frozenset()
    pictures: bool = False
    sms: bool = False
    mail: str = ""
    run: bool = False
    lengths: Callable[[str], tuple[Length, ...]] = lambda _: ()
    can_edit: bool = False


@dataclass(frozen=True)
class Context:
    """Handed to every action and loop. Holds no state of its own.

    keys       secrets under which deliveries are sealed; never in a log
    configs    account name -> settings of its broadcaster; targets: probe name -> what it looks at
    channels   channel name -> what is known of it
    logo       of the bank, a PNG; b"" if there is none
    signing    seeds of the keys that sign public notices; None: they are not signed
    former     slug -> public component that the configuration has no more: what was said about it is told to its end
    """

    ports: Ports
    settings: Settings
    words: Words
    keys: Keys = field(repr=False)
    configs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    targets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    channels: Mapping[str, ChannelInfo] = field(default_factory=dict)
    logo: bytes = field(default=b"", repr=False)
    signing: Keys | None = field(default=None, repr=False)
    former: Mapping[str, ComponentRecord] = field(default_factory=dict)

    @property
    def seal_key(self) -> bytes:
        """The key under which new deliveries are sealed."""
        return self.keys.newest()

    def genuine(self, row: Delivery) -> bool:
        """True if the row is as the product sealed it, under a key that still counts."""
        return seal_ok(row, *self.keys.accepted())

    def now(self) -> datetime:
        """Wall time, aware UTC."""
        return self.ports.clock.now()

    def new_id(self) -> str:
        """An id of the public API: 12 lower-case letters and digits."""
        return self.ports.random.token(ID_LENGTH, ID_ALPHABET)

    def new_code(self) -> str:
        """The code of one message on one channel."""
        return self.ports.random.token(CODE_LENGTH, CODE_ALPHABET)
