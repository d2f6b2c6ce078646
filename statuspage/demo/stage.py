"""The stage of the demonstration: which ports, which addresses, which references its configuration finds, and the process that runs it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from statuspage.actions.context import Context
from statuspage.core.hosts import in_url, network_of, reached_at

CONFIGURATION = Path(__file__).parent / "demonstration.yaml"
SUBSCRIBERS, NUMBERS = (CONFIGURATION.with_name(f"demonstration-{what}.csv") for what in ("subscribers", "numbers"))
PORTS = 6  # page, bank, bank by TLS, switchboard, networks, mail
LOOK_FOR_PARENT_EVERY_S = 1.0


def addresses(host: str, port: int) -> dict[str, str]:
    """Addresses of the bank, its switchboard and the networks, when the page is at `port`; without a slash at the end."""
    return {
        "bank": f"http://{in_url(host)}:{port + 1}",
        "switchboard": f"http://{in_url(host)}:{port + 3}",
        "networks": f"http://{in_url(host)}:{port + 4}",
    }


def environment(host: str, port: int, data: Path) -> dict[str, str]:
    """What the demonstration's configuration refers to."""
    from statuspage.demo import bank, networks  # two web applications, of no use to those who run no demonstration

    there = addresses(host, port)
    own = {
        "PAGE_URL": f"http://{in_url(host)}:{port}",
        "BANK_HOST": reached_at(host),
        "BANK_NETWORK": network_of(host),
        "BANK_PORT": str(port + 1),
        "BANK_URL": there["bank"],
        "BANK_TLS_PORT": str(port + 2),
        "BANK_TLS_URL": f"https://{in_url(host)}:{port + 2}",
        "BANK_CA": str(data / "demo" / "bank" / "ca.pem"),
        "SWITCHBOARD_URL": there["switchboard"],
        "NETWORKS_URL": there["networks"],
        "MAIL_PORT": str(port + 5),
        "MAIL_LIST": str(SUBSCRIBERS),
        "SMS_LIST": str(NUMBERS),
    }
    return {**own, **bank.references(), **networks.environment()}


def tell_the_past(context: Context) -> None:
    """Fills an empty database with a plausible past, marked as a demonstration; the second time it does nothing."""
    from statuspage.demo import past  # only the first start needs it

    past.tell(context)


def serve(host: str, port: int, data: Path) -> None:
    """Runs the bank, its switchboard and the networks until SIGTERM or Ctrl-C."""
    from statuspage.demo import bank, networks

    stop = threading.Event()
    parent = os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    folder = data / "demo"
    watch = {"The status page": f"http://{in_url(host)}:{port}", "The networks": addresses(host, port)["networks"]}
    a_bank = bank.RunningBank(host, (port + 1, port + 2, port + 3), folder / "bank", watch=watch)
    the_networks = networks.RunningNetworks(host, port + 4, folder / "networks", mail_port=port + 5)
    try:
        while not stop.wait(LOOK_FOR_PARENT_EVERY_S):
            if os.getppid() != parent:
                stop.set()
    finally:
        the_networks.stop()
        a_bank.stop()
