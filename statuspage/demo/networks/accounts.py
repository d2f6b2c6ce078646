"""The accounts of the demonstration networks. Their tokens are public: they open nothing but these networks.

The one place where they are written; docs/demonstration-networks.md repeats what a reader needs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Account:
    """A login at one demonstration network.

    config   name in `accounts:` of the demonstration's configuration
    network  path of the network; name: as customers see it
    id       what the network itself calls it
    token    what opens it; variable: under which the demonstration's configuration finds it in the environment
    """

    config: str
    network: str
    name: str
    id: str
    token: str
    variable: str


SIGNING_SECRET = "whsec_" + base64.b64encode(b"demonstration secret of the alarm webhook").decode()
OLD_SIGNING_SECRET = "whsec_" + base64.b64encode(b"demonstration secret now taken out of use").decode()
APP_SECRET = "demo-app-secret-of-the-page"  # noqa: S105  public, as all of these
X_CLIENT_ID = "demo-x-client"
CLIENT_ID, CLIENT_SECRET = "demo-client", "demo-client-secret-0001"  # of every network that asks an app for both
GOOGLE_ACCOUNT = "100000000000000000001"
SMS_ACCOUNT, SMS_RECIPIENT = "AC" + "d0" * 16, "+34900000001"
SMS_NUMBERS = (SMS_RECIPIENT, *(f"+4477009000{number:02d}" for number in range(1, 100)))  # the others: kept free for films
SLACK_BOT = "U0DEMO0BOT"
OFF_BY_DEFAULT = ("snapchat", "google", "slack-webhook", "sms")  # not in the demonstration's configuration

ACCOUNTS: tuple[Account, ...] = (
    Account("mastodon", "mastodon", "demobank", "109372843234000001", "demo-mastodon-token-0001", "DEMO_MASTODON_TOKEN"),
    Account("rehearsals", "mastodon", "demobank_rehearsals", "109372843234000002", "demo-mastodon-token-0002", "DEMO_REHEARSALS_TOKEN"),
    Account("bluesky", "bluesky", "demobank.test", "did:plc:demobank234567abcdefghij", "demo-abcd-efgh-ijkl", "DEMO_BLUESKY_PASSWORD"),
    Account("x", "x", "demobank", "1440000000000000001", "demo-x-user-token-0001", "DEMO_X_TOKEN"),
    Account("facebook", "facebook", "demobank", "104200000000001", "demo-facebook-page-token-0001", "DEMO_FACEBOOK_TOKEN"),
    Account("telegram", "telegram", "demobank", "-1001234567890", "7000000001:demo-telegram-bot-token-000000001", "DEMO_TELEGRAM_TOKEN"),
    Account("threads", "threads", "demobank", "17841400000000001", "demo-threads-token-0001", "DEMO_THREADS_TOKEN"),
    Account("instagram", "instagram", "demobank", "17841400000000002", "demo-instagram-token-0001", "DEMO_INSTAGRAM_TOKEN"),
    Account("linkedin", "linkedin", "Demo Bank (demobank)", "5000001", "demo-linkedin-token-0001", "DEMO_LINKEDIN_TOKEN"),
    Account("pinterest", "pinterest", "demobank", "630000000000000001", "demo-pinterest-token-0001", "DEMO_PINTEREST_TOKEN"),
    Account("snapchat", "snapchat", "demobank", "demo-profile-0001", "demo-snapchat-refresh-0001", "DEMO_SNAPCHAT_REFRESH_TOKEN"),
    Account("google", "google_business", "demobank", "7000000000000000001", "demo-google-refresh-0001", "DEMO_GOOGLE_REFRESH_TOKEN"),
    Account("slack", "slack", "demobank", "C0DEMO0BANK", "xoxb-demo-slack-token-0001", "DEMO_SLACK_TOKEN"),
    Account("slack-webhook", "slack_webhook", "demobank", "B0DEMO0HOOK", "T0DEMO0BANK/B0DEMO0HOOK/demoHookToken0001", "DEMO_SLACK_HOOK"),
    Account("teams", "teams", "demobank", "demo-flow-0001", "demo-teams-signature-0001+/", "DEMO_TEAMS_SIGNATURE"),
    Account("discord", "discord", "demobank", "900000000000000003", "demo-discord-webhook-token-0001", "DEMO_DISCORD_TOKEN"),
    Account("matrix", "matrix", "demobank", "!demobank:matrix.test", "demo-matrix-token-0001", "DEMO_MATRIX_TOKEN"),
    Account("ntfy", "ntfy", "demobank", "demobank", "tk_demo_ntfy_token_0001", "DEMO_NTFY_TOKEN"),
    Account("email", "email", "demobank", "status@demobank.example", "demo-mail-password-0001", "DEMO_MAIL_PASSWORD"),
    Account("sms", "sms", "demobank", SMS_ACCOUNT, "demo-sms-auth-token-0001", "DEMO_SMS_TOKEN"),
    Account("sms-list", "sms", "demobank", SMS_ACCOUNT, "demo-sms-auth-token-0002", "DEMO_SMS_LIST_TOKEN"),
    Account("operators", "webhook", "operators", "operators", SIGNING_SECRET, "DEMO_WEBHOOK_SECRET"),
)


NETWORKS = tuple(dict.fromkeys(one.network for one in ACCOUNTS))


def account(config: str) -> Account:
    """The account of that name in the configuration."""
    return next(one for one in ACCOUNTS if one.config == config)


def environment() -> Mapping[str, str]:
    """Variables that the demonstration's configuration refers to."""
    return {one.variable: one.token for one in ACCOUNTS if one.config not in OFF_BY_DEFAULT}


def configs(networks_url: str, *, references: bool = False) -> dict[str, tuple[str, dict[str, Any]]]:
    """Account name -> (kind of network, its `config`), for networks that run at `networks_url`.

    references   secrets as ${NAME}, as a configuration file must have them; else the values themselves
    """

    def secret(name: str) -> str:
        one = account(name)
        return f"${{{one.variable}}}" if references else one.token

    def at(network: str) -> str:
        return f"{networks_url}/{network}"

    return {
        **_first(at, secret),
        **_further(at, secret),
        **_off_by_default(at, secret),
        **_chats(at, secret),
        "email": ("email", _mail(account("email"), secret("email"))),
        "operators": ("webhook", {"url": f"{at('webhook')}/hook", "secret": secret("operators")}),
    }


def _first(at: Callable[[str], str], secret: Callable[[str], str]) -> dict[str, tuple[str, dict[str, Any]]]:
    def mastodon(name: str) -> tuple[str, dict[str, Any]]:
        return "mastodon", {"base_url": at("mastodon"), "access_token": secret(name), "honours_keys": True}

    return {
        "mastodon": mastodon("mastodon"),
        "rehearsals": mastodon("rehearsals"),
        "bluesky": (
            "bluesky",
            {"pds_url": at("bluesky"), "handle": account("bluesky").name, "app_password": secret("bluesky"), "app_url": at("bluesky")},
        ),
        "x": (
            "x",
            {
                "base_url": at("x"),
                "web_url": at("x"),
                "user_id": account("x").id,
                "username": account("x").name,
                "access_token": secret("x"),
            },
        ),
        "facebook": ("facebook", {"base_url": at("facebook"), "page_id": account("facebook").id, "page_token": secret("facebook")}),
        "telegram": (
            "telegram",
            {
                "base_url": at("telegram"),
                "web_url": at("telegram"),
                "chat_id": f"@{account('telegram').name}",
                "bot_token": secret("telegram"),
            },
        ),
    }


def _further(at: Callable[[str], str], secret: Callable[[str], str]) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "threads": ("threads", {"base_url": at("threads"), "user_id": account("threads").id, "access_token": secret("threads")}),
        "instagram": (
            "instagram",
            {"base_url": at("instagram"), "user_id": account("instagram").id, "access_token": secret("instagram")},
        ),
        "linkedin": (
            "linkedin",
            {
                "base_url": at("linkedin"),
                "web_url": at("linkedin"),
                "sign_in_url": at("linkedin"),
                "organization": account("linkedin").id,
                "access_token": secret("linkedin"),
            },
        ),
        "pinterest": (
            "pinterest",
            {
                "base_url": at("pinterest"),
                "web_url": at("pinterest"),
                "board_id": account("pinterest").id,
                "access_token": secret("pinterest"),
            },
        ),
    }


def _off_by_default(at: Callable[[str], str], secret: Callable[[str], str]) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "snapchat": (
            "snapchat",
            {
                "enable": True,
                "base_url": at("snapchat"),
                "sign_in_url": at("snapchat"),
                "profile_id": account("snapchat").id,
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "refresh_token": secret("snapchat"),
            },
        ),
        "google": (
            "google_business",
            {
                "enable": True,
                "base_url": at("google_business"),
                "sign_in_url": at("google_business"),
                "account_id": GOOGLE_ACCOUNT,
                "location_id": account("google").id,
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "refresh_token": secret("google"),
            },
        ),
    }


def _chats(at: Callable[[str], str], secret: Callable[[str], str]) -> dict[str, tuple[str, dict[str, Any]]]:
    flow = f"{at('teams')}/workflows/{account('teams').id}/triggers/manual/paths/invoke?api-version=2016-06-01&sv=1.0"
    discord = {"base_url": f"{at('discord')}/api", "web_url": at("discord"), "webhook_id": account("discord").id}
    return {
        "slack": ("slack", {"base_url": f"{at('slack')}/api", "channel": account("slack").id, "bot_token": secret("slack")}),
        "slack-webhook": ("slack_webhook", {"base_url": f"{at('slack_webhook')}/services", "hook_token": secret("slack-webhook")}),
        "teams": ("teams", {"url": flow, "signature": secret("teams")}),
        "discord": ("discord", {**discord, "webhook_token": secret("discord")}),
        "matrix": (
            "matrix",
            {"base_url": at("matrix"), "web_url": at("matrix"), "room": account("matrix").id, "access_token": secret("matrix")},
        ),
        "sms": ("sms", {**_texter(at("sms"), secret("sms")), "recipient": SMS_RECIPIENT}),
        "sms-list": ("sms_list", _texter(at("sms"), secret("sms-list"))),
        "ntfy": ("ntfy", {"base_url": at("ntfy"), "topic": account("ntfy").id, "access_token": secret("ntfy")}),
    }


def _texter(url: str, token: str) -> dict[str, Any]:
    return {"base_url": url, "account_sid": SMS_ACCOUNT, "auth_token": token, "sender": account("sms").name}


def _mail(own: Account, password: str) -> dict[str, Any]:
    """Host, port and list depend on where the demonstration runs: its configuration refers to them."""
    return {"security": "none", "user": own.name, "password": password, "sender": own.id, "leave_to": own.id}


def account_entries(networks_url: str) -> list[dict[str, Any]]:
    """`accounts:` of a configuration file for the demonstration networks; environment() gives what its references name.

    Networks that are off by default are left out.
    """
    entries = configs(networks_url, references=True).items()
    return [{"name": name, "kind": kind, "config": config} for name, (kind, config) in entries if name not in OFF_BY_DEFAULT]
