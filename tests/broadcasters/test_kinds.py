"""Every broadcaster has the same parts, and no configuration shows its secrets."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
from types import ModuleType
from typing import Any

import pytest

import broadcasters
from broadcasters import BROADCASTERS
from broadcasters.post import DeliveryClass
from broadcasters.text import Limits
from tests.broadcasters.bench import KINDS, READABLE, configured

CLASSES = {
    "mastodon": DeliveryClass.KEYED,
    "bluesky": DeliveryClass.NATURAL_KEY,
    "x": DeliveryClass.BARE,
    "facebook": DeliveryClass.BARE,
    "telegram": DeliveryClass.BLIND,
    "webhook": DeliveryClass.NATURAL_KEY,
    "threads": DeliveryClass.STAGED,
    "instagram": DeliveryClass.STAGED,
    "linkedin": DeliveryClass.BARE,
    "pinterest": DeliveryClass.BARE,
    "snapchat": DeliveryClass.STAGED,
    "google_business": DeliveryClass.BARE,
    "slack": DeliveryClass.BARE,
    "slack_webhook": DeliveryClass.BLIND,
    "teams": DeliveryClass.BLIND,
    "discord": DeliveryClass.BLIND,
    "matrix": DeliveryClass.KEYED,
    "ntfy": DeliveryClass.BARE,
    "sms": DeliveryClass.BARE,
}
DEFAULT_MODES = {
    "mastodon": "reply", "bluesky": "reply", "x": "new", "facebook": "edit", "telegram": "edit", "webhook": "new", "threads": "reply",
    "instagram": "new", "linkedin": "edit", "pinterest": "new", "snapchat": "new", "google_business": "edit", "slack": "reply",
    "teams": "new", "discord": "edit", "matrix": "reply", "ntfy": "new", "sms": "new", "slack_webhook": "new",
}  # fmt: skip


def made(kind: str) -> tuple[ModuleType, Any]:
    return BROADCASTERS[kind], configured(kind, "http://127.0.0.1:1")


@pytest.mark.parametrize("kind", KINDS)
def test_a_broadcaster_has_all_that_its_class_and_modes_promise(kind: str) -> None:
    module, config = made(kind)
    delivery_class = module.delivery_class(config) if hasattr(module, "delivery_class") else module.CLASS

    assert (module.KIND, delivery_class, module.MODES[0]) == (kind, CLASSES[kind], DEFAULT_MODES[kind])
    assert isinstance(module.limits(config), Limits)
    staged = delivery_class is DeliveryClass.STAGED
    assert [hasattr(module, name) for name in ("stage", "publish", "ask", "broadcast")] == [staged, staged, staged, not staged]
    assert callable(module.verify)
    assert hasattr(module, "edit") is ("edit" in module.MODES)
    assert (kind in READABLE) is (
        delivery_class in (DeliveryClass.KEYED, DeliveryClass.BARE) or kind in ("bluesky", "threads", "instagram")
    )
    assert hasattr(module, "KEY_WINDOW_S") is (delivery_class is DeliveryClass.KEYED)


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_shows_no_secret_and_cannot_be_changed(kind: str) -> None:
    module, config = made(kind)
    secrets = [getattr(config, item.name) for item in dataclasses.fields(module.Config) if not item.repr]

    assert secrets and all(value not in repr(config) for value in secrets if value)
    assert not [item.name for item in dataclasses.fields(module.Config) if item.repr and ("token" in item.name or "secret" in item.name)]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, dataclasses.fields(module.Config)[0].name, "other")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("mastodon", "base_url", "http://mastodon.test"),
        ("mastodon", "visibility", "direct"),
        ("bluesky", "pds_url", "http://pds.test"),
        ("x", "user_id", "@demobank"),
        ("facebook", "page_id", "demobank"),
        ("telegram", "chat_id", "demobank"),
        ("threads", "user_id", "@demobank"),
        ("threads", "base_url", "http://threads.test"),
        ("instagram", "user_id", "demobank"),
        ("linkedin", "organization", "urn:li:organization:5000001"),
        ("linkedin", "version", "2026"),
        ("linkedin", "version", "202613"),
        ("pinterest", "board_id", "service-status"),
        ("google_business", "location_id", "locations/7"),
        ("google_business", "sign_in_url", "http://google.test"),
        ("snapchat", "base_url", "http://snapchat.test"),
        ("slack", "channel", "#incidents"),
        ("slack_webhook", "hook_token", "https://hooks.slack.com/services/T0/B0/secret"),
        ("teams", "url", "https://flows.test/invoke?sp=a&sig=secret"),
        ("teams", "url", "http://flows.test/invoke"),
        ("discord", "webhook_id", "incidents"),
        ("discord", "webhook_token", "https://discord.com/api/webhooks/1/secret"),
        ("matrix", "room", "#incidents:matrix.test"),
        ("ntfy", "topic", "two words"),
        ("ntfy", "priority", 6),
        ("sms", "account_sid", "demobank"),
        ("sms", "recipient", "900 000 001"),
        ("sms", "sender", "a sender too long"),
        ("sms", "max_parts", 0),
        ("sms", "valid_s", 36_000),
        ("webhook", "url", "http://bank.test/hook"),
        ("webhook", "secret", "whsec_short"),
        ("webhook", "secret", "c2VjcmV0"),
        ("webhook", "previous_secret", "whsec_!"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_with_a_reason(kind: str, field: str, value: str) -> None:
    _, config = made(kind)

    with pytest.raises(ValueError, match=field) as caught:
        dataclasses.replace(config, **{field: value})

    if field in ("secret", "previous_secret", "webhook_token", "hook_token") or kind == "teams":
        assert value not in str(caught.value)


@pytest.mark.parametrize("kind", ["snapchat", "google_business"])
def test_a_kind_that_was_never_tried_against_the_real_network_is_off_until_it_is_switched_on(kind: str) -> None:
    _, config = made(kind)

    with pytest.raises(ValueError, match="only against the demonstration network"):
        dataclasses.replace(config, enable=False)


def test_another_package_can_bring_a_kind_but_not_take_one_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        importlib.metadata.EntryPoint("pigeons", "broadcasters.ntfy", broadcasters.GROUP),
        importlib.metadata.EntryPoint("mastodon", "broadcasters.ntfy", broadcasters.GROUP),
        importlib.metadata.EntryPoint("letters", "broadcasters.sms_list", broadcasters.GROUP),
        importlib.metadata.EntryPoint("owls", "tests.broadcasters.bench", broadcasters.GROUP),
    ]
    monkeypatch.setattr(broadcasters, "entry_points", lambda group: points if group == "statuspage.broadcasters" else [])

    found, broken = broadcasters._found()

    assert found["pigeons"] is importlib.import_module("broadcasters.ntfy")
    assert found["letters"] is importlib.import_module("broadcasters.sms_list"), "a run over a list has draft, opener and fault"
    assert found["mastodon"] is BROADCASTERS["mastodon"]
    assert broken.keys() == {"owls"} and "tests.broadcasters.bench lacks KIND, MODES" in broken["owls"]
