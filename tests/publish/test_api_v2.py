"""Statuspage's public API v2: endpoints, keys, order, types."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from statuspage.core.vocabulary import ComponentStatus, Impact, MaintenanceStatus
from statuspage.publish.api_v2 import ApiV2
from statuspage.publish.snapshot import Snapshot
from tests.publish.samples import NOW, PAGE, components, identifier, incident, maintenance, outage, past_incident, snapshot, update

ENDPOINTS = {
    "summary": ["page", "components", "incidents", "scheduled_maintenances", "status"],
    "status": ["page", "status"],
    "components": ["page", "components"],
    "incidents": ["page", "incidents"],
    "incidents/unresolved": ["page", "incidents"],
    "scheduled-maintenances": ["page", "scheduled_maintenances"],
    "scheduled-maintenances/upcoming": ["page", "scheduled_maintenances"],
    "scheduled-maintenances/active": ["page", "scheduled_maintenances"],
}
COMPONENT = [
    "id",
    "name",
    "status",
    "created_at",
    "updated_at",
    "position",
    "description",
    "showcase",
    "start_date",
    "group_id",
    "page_id",
    "group",
    "only_show_if_degraded",
]
SUBJECT = [
    "id",
    "name",
    "status",
    "created_at",
    "updated_at",
    "monitoring_at",
    "resolved_at",
    "impact",
    "shortlink",
    "started_at",
    "page_id",
    "incident_updates",
    "components",
]
UPDATE = [
    "id",
    "status",
    "body",
    "incident_id",
    "created_at",
    "updated_at",
    "display_at",
    "affected_components",
    "deliver_notifications",
    "custom_tweet",
    "tweet_id",
]
STATUSES = {"operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")
RUNNING = maintenance(2, timedelta(hours=-1), status=MaintenanceStatus.IN_PROGRESS, started_at=NOW - timedelta(hours=1))


def api(found: Snapshot, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(ApiV2(found).files()[f"/api/v2/{name}.json"])
    return read


def rich() -> Snapshot:
    return replace(outage(), maintenances=(maintenance(), RUNNING))


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_endpoint_has_its_keys_in_order(name: str) -> None:
    assert list(api(rich(), name)) == ENDPOINTS[name]


def test_there_are_no_further_endpoints() -> None:
    assert set(ApiV2(rich()).files()) == {f"/api/v2/{name}.json" for name in ENDPOINTS}


def test_components_and_groups_are_rows_of_one_list() -> None:
    rows = api(rich(), "components")["components"]

    single = [row for row in rows if not row["group"]]
    headed = [row for row in rows if row["group"]]
    assert all(list(row) == COMPONENT for row in single)
    assert all(list(row) == [*COMPONENT, "components"] for row in headed)
    assert {child for row in headed for child in row["components"]} == {row["id"] for row in single}
    assert all(row["group_id"] is None for row in headed)
    assert all(row["status"] in STATUSES and isinstance(row["position"], int) for row in rows)


def test_rows_stand_as_on_the_page_and_positions_count_within_a_group_and_from_the_top() -> None:
    found = rich()
    last = found.components[-1]
    alone = replace(found, components=(replace(found.components[0], group_id=None), *found.components[1:-1], replace(last, group_id=None)))

    rows = api(alone, "components")["components"]

    top = [row for row in rows if row["group_id"] is None]
    assert [row["position"] for row in top] == list(range(1, len(top) + 1))
    assert [row["group"] for row in top] == sorted((row["group"] for row in top), reverse=True)  # those without a group come last
    assert [row["id"] for row in rows[-2:]] == [found.components[0].id, last.id]
    for head in (row for row in rows if row["group"]):
        inside = [row for row in rows if row["group_id"] == head["id"]]
        assert [(row["id"], row["position"]) for row in inside] == list(zip(head["components"], range(1, len(inside) + 1), strict=True))


def test_an_incident_has_its_fields_in_order_with_updates_newest_first() -> None:
    one = api(rich(), "summary")["incidents"][0]

    assert list(one) == [*SUBJECT, "reminder_intervals"]
    assert all(list(entry) == UPDATE for entry in one["incident_updates"])
    shown_at = [entry["display_at"] for entry in one["incident_updates"]]
    assert shown_at == sorted(shown_at, reverse=True)
    assert one["shortlink"] == "https://status.example.com/en/incidents/in0000000001/"
    assert list(one["components"][0]) == COMPONENT


def test_planned_work_has_the_incident_s_shape_and_its_times() -> None:
    one = api(rich(), "scheduled-maintenances")["scheduled_maintenances"][0]

    assert list(one) == [*SUBJECT, "scheduled_for", "scheduled_until"]
    assert one["impact"] == "maintenance"


def test_each_list_holds_what_its_name_says() -> None:
    found = replace(rich(), incidents=(incident(1), past_incident(8, 9)))

    assert [one["id"] for one in api(found, "summary")["incidents"]] == [identifier("in", 1)]
    assert [one["id"] for one in api(found, "incidents")["incidents"]] == [identifier("in", 1), identifier("in", 8)]
    assert [one["id"] for one in api(found, "incidents/unresolved")["incidents"]] == [identifier("in", 1)]
    assert [one["id"] for one in api(found, "scheduled-maintenances/upcoming")["scheduled_maintenances"]] == [identifier("ma", 1)]
    assert [one["id"] for one in api(found, "scheduled-maintenances/active")["scheduled_maintenances"]] == [identifier("ma", 2)]
    assert {one["id"] for one in api(found, "summary")["scheduled_maintenances"]} == {identifier("ma", 1), identifier("ma", 2)}


def test_only_the_latest_fifty_incidents_are_listed() -> None:
    many = snapshot(incidents=tuple(past_incident(number, number / 3) for number in range(1, 80)))

    assert len(api(many, "incidents")["incidents"]) == 50


def test_moments_have_milliseconds_and_the_page_s_offset() -> None:
    page = api(rich(), "status")["page"]
    utc = api(replace(rich(), page=replace(PAGE, time_zone="UTC")), "status")["page"]

    assert MOMENT.fullmatch(page["updated_at"]) and page["updated_at"].endswith("+01:00")
    assert utc["updated_at"].endswith(".000Z")
    assert list(page) == ["id", "name", "url", "time_zone", "updated_at"]


def test_affected_components_are_named_with_their_group_and_their_states() -> None:
    told = update(1, 5, affected=((identifier("cp", 0), ComponentStatus.UNKNOWN, ComponentStatus.MAJOR_OUTAGE),))

    one = api(snapshot(incidents=(incident(1, updates=(told,)),)), "incidents")["incidents"][0]["incident_updates"][0]

    assert one["affected_components"] == [
        {"code": identifier("cp", 0), "name": "Online banking - Logging in", "old_status": "operational", "new_status": "major_outage"}
    ]


@pytest.mark.parametrize(
    ("down", "indicator"),
    [
        ({}, "none"),
        ({0: ComponentStatus.DEGRADED_PERFORMANCE}, "minor"),
        ({0: ComponentStatus.MAJOR_OUTAGE}, "major"),
        (dict.fromkeys(range(12), ComponentStatus.MAJOR_OUTAGE), "critical"),
        ({0: ComponentStatus.UNDER_MAINTENANCE}, "maintenance"),
    ],
)
def test_the_indicator_follows_the_components(down: dict[int, ComponentStatus], indicator: str) -> None:
    assert api(snapshot(components=components(12, down)), "status")["status"]["indicator"] == indicator


def test_unknown_keeps_the_last_known_status_and_adds_a_key_after_the_standard_ones() -> None:
    """A4"""
    listed = list(components(12, {0: ComponentStatus.UNKNOWN}))
    listed[0] = replace(listed[0], last_known=ComponentStatus.DEGRADED_PERFORMANCE)

    found = snapshot(components=tuple(listed), impaired=True)

    assert list(api(found, "summary")) == [*ENDPOINTS["summary"], "monitoring"]
    assert api(found, "summary")["monitoring"] == {"impaired": True, "unknown_components": [identifier("cp", 0)]}
    statuses = {row["id"]: row["status"] for row in api(found, "components")["components"]}
    assert set(statuses.values()) <= STATUSES
    assert statuses[identifier("cp", 0)] == "degraded_performance"
    assert api(found, "status")["status"]["indicator"] == "minor"


def test_an_incident_that_names_no_component_still_counts() -> None:
    loose = incident(1, component_ids=(), impact=Impact.CRITICAL)

    assert api(snapshot(incidents=(loose,)), "status")["status"]["indicator"] == "critical"
