"""The typed models of statuspage.yaml. Unknown keys are refused; secrets are references only (see loader.py).

Kind-specific parts are checked against the kind's own dataclass: `probes[].target` against PROBES[kind].Target,
`accounts[].config` against BROADCASTERS[kind].Config. So a new kind is one module and one line in its map.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from statuspage.core.theme import LINK, LINK_DARK
from statuspage.core.vocabulary import ComponentStatus, Impact, LinkMode, UpdateMode

COLOUR_PATTERN, SLUG_PATTERN, LANGUAGE_PATTERN = "^#[0-9a-fA-F]{6}$", "^[a-z0-9][a-z0-9-]{0,62}$", "^[a-z]{2}$"
WORDS_PATTERN = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"  # something to read, on one line
PROSE_PATTERN = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"  # lines may end: YAML's > and | put a line's end behind the last word
Colour = Annotated[str, Field(pattern=COLOUR_PATTERN)]
Slug = Annotated[str, Field(pattern=SLUG_PATTERN)]
Language = Annotated[str, Field(pattern=LANGUAGE_PATTERN)]
Names = dict[Language, Annotated[str, Field(min_length=1, max_length=57, pattern=WORDS_PATTERN)]]
Seconds = Annotated[float, Field(gt=0, le=366 * 86_400)]  # a year; more, or .inf, would end in moments that no calendar has
Hold = Annotated[float, Field(ge=0, le=86_400)]
Days = Annotated[float, Field(gt=0, le=36_525)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Model):
    """The page and the bank behind it."""

    name: str = Field(max_length=57, pattern=WORDS_PATTERN)
    bank: str = Field(max_length=20, pattern=WORDS_PATTERN, description="Name used in SMS.")
    url: str = Field(description="Address of the public page, without a slash at the end.")
    time_zone: str = "Europe/Madrid"
    languages: list[Language] = Field(default=["en", "es", "nl", "fr", "de"], min_length=1)
    default_language: Language = "en"
    phone: str | None = Field(default=None, description="The bank's number for lost cards and fraud.")
    colour: Colour = Field(default="#0b3d6e", description="The bank's, of the page's head and of pictures of notices: #rrggbb.")
    link_colour: Colour = Field(default=LINK, description="Of links and buttons, on light paper; contrast 4.5 or more.")
    link_colour_dark: Colour = Field(default=LINK_DARK, description="The same on dark paper, for readers whose screens are dark.")
    logo: str | None = Field(default=None, description="PNG for the page's head and pictures of notices: a path, from this file's folder.")
    security_contact: str | None = Field(
        default=None, pattern="^(https://|mailto:)\\S+$", description="Where finders of holes write; makes /.well-known/security.txt."
    )
    hosts: list[str] = Field(default=[], description="Further hosts of the bank that free text may link to.")
    contact_path: str = "/contact"
    claim_path: str = "/claim"


class Group(Model):
    slug: Slug
    name: Names


class ComponentSettings(Model):
    slug: Slug
    name: Names
    group: Slug | None = None
    description: dict[Language, Annotated[str, Field(pattern=PROSE_PATTERN)]] | None = None
    symptom: str = "slow"
    advice: list[str] = []
    scheme: str | None = None
    private: bool = False
    depends_on: list[Slug] = []
    showcase: bool = True
    was: list[Slug] = Field(default=[], description="Earlier slugs; their history becomes this component's.")


class Location(Model):
    """A place that probes, with targets that tell whether its own network works."""

    name: Slug
    references: list[str] = Field(
        default=[], description="Three or more addresses outside the bank (http, https or tcp://host:port); most failing: blind."
    )
    reference_interval_s: Seconds = 10.0
    allow_addresses: list[str] = Field(default=[], description="Internal networks (CIDR) that probes from here may reach.")


class ProbeSettings(Model):
    """One way of looking at one component."""

    name: Slug
    kind: str
    component: Slug
    target: dict[str, Any]
    interval_s: Seconds = 20.0
    recheck_s: Seconds = 2.0
    timeout_s: Seconds = 10.0
    slow_s: Seconds | None = Field(default=None, description="Slower than this is degraded.")
    failures_to_open: int = Field(default=3, ge=1, le=20)
    successes_to_close: int = Field(default=3, ge=1, le=20)
    status: ComponentStatus = Field(default=ComponentStatus.MAJOR_OUTAGE, description="What the component shows when this probe fails.")
    symptom: str | None = Field(default=None, description="Overrides the component's symptom.")
    locations: list[Slug] = Field(default=[], description="Empty: all.")
    show_response_time: bool = Field(default=False, description="How fast it usually answers stands beside the component on the page.")


class AccountSettings(Model):
    """A login at a network."""

    name: Slug
    kind: str
    config: dict[str, Any]
    watch: bool = Field(default=True, description="Posts that are not ours raise an alarm; false where colleagues post here too.")
    handle: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S+$")] | None = Field(
        default=None, description="The account's name as customers see it; published in the list of official accounts."
    )
    address: Annotated[str, Field(max_length=300, pattern=r"^https?://[^\s/]+(/\S*)?$")] | None = Field(
        default=None, description="Where customers see the account; published in the list of official accounts."
    )
    expires: date | None = Field(
        default=None, description="The last day of the credentials, if they have one: operators are told in good time."
    )

    @field_validator("expires", mode="before")
    @classmethod
    def _a_day(cls, value: Any) -> Any:
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueError("allowed is a day, e.g. 2027-01-31") from None


class ChannelSettings(Model):
    """One language on one account."""

    name: Slug
    account: Slug
    language: Language = "en"
    mode: UpdateMode | None = Field(default=None, description="reply, edit or new; empty: the network's default.")
    link: LinkMode = LinkMode.EVERY
    sandbox: bool = Field(default=False, description="Takes drills, and nothing else.")
    operators: bool = Field(default=False, description="Takes operators' alarms, and nothing else.")
    components: list[Slug] = Field(default=[], description="Empty: all public ones.")


class Rule(Model):
    """Publish policy for what matches: the first rule that matches counts."""

    components: list[Slug] = []
    impacts: list[Impact] = []
    channels: list[Slug] = []
    policy: Literal["at_once", "hold"] = "at_once"
    hold_s: Hold = 120.0


NEXT_UPDATE_S = {Impact.CRITICAL: 1200.0, Impact.MAJOR: 1800.0, Impact.MINOR: 1800.0, Impact.NONE: 3600.0}


class Incidents(Model):
    """Rules for automatic incidents."""

    automatic: bool = True
    stable_s: Seconds = Field(default=1800.0, description="Good for so long after recovery: resolved by itself.")
    resolve_automatically: bool = True
    reopen_within_s: Seconds = 1800.0
    group_within_s: Seconds = Field(default=60.0, description="Failures that begin so close together are one incident.")
    flapping_calm_s: Seconds = Field(
        default=300.0, description="What failed 3 times in 30 min must be good for so long to count as working."
    )
    new_per_component_s: Seconds = 1800.0
    new_per_day: int = Field(default=6, ge=1, le=1000)
    next_update_s: dict[Impact, Seconds] = Field(default=NEXT_UPDATE_S, description="By impact; one that is left out keeps its default.")
    remind_before_s: Seconds = 300.0
    slow_after_s: Seconds = Field(default=7200.0, description="After so long updates come every slow_update_s.")
    slow_update_s: Seconds = 3600.0
    review_days: int = Field(default=7, ge=1, le=366, description="The explanation is promised so many days after a person resolves.")

    @field_validator("next_update_s")
    @classmethod
    def complete(cls, given: dict[Impact, float]) -> dict[Impact, float]:
        """Every impact has its time, whichever of them the file names."""
        return {**NEXT_UPDATE_S, **given}


class Policy(Model):
    rules: list[Rule] = []
    default: Literal["at_once", "hold"] = "at_once"
    hold_s: Hold = 120.0


class Delivery(Model):
    """Parameters of the dispatcher (reliability table); the demonstration shortens some."""

    connect_timeout_s: Seconds = 5.0
    deadline_s: Seconds = 30.0
    quiet_s: Seconds = 120.0
    blind_assume_s: Seconds = 600.0
    backoff_base_s: Seconds = 2.0
    backoff_cap_s: Seconds = 60.0
    backoff_slow_after_s: Seconds = 600.0
    backoff_slow_s: Seconds = 480.0
    breaker_failures: int = Field(default=5, ge=1)
    breaker_trial_s: Seconds = 30.0
    stopped_trial_s: Seconds = Field(default=300.0, description="How often an account whose credentials were refused is tried again.")
    retry_after_max_s: Seconds = 3600.0
    watch_s: Seconds = Field(default=60.0, description="Own timelines are read so often for posts that are not ours.")


class Retention(Model):
    raw_checks_days: Days = 7.0
    hourly_days: Days = 100.0
    daily_days: Days = 1100.0
    sessions_days: Days = 30.0


LATE_BACKUPS = 3  # so many times `every_s` without a backup: an alarm


class Backups(Model):
    """Where backups arrive, so that somebody hears when they stop."""

    folder: str | None = Field(default=None, description="Folder that backups are written to: operators hear when the newest one is old.")
    every_s: Seconds = Field(default=30.0, description=f"How often one is due; {LATE_BACKUPS} times that without one is an alarm.")


@dataclass(frozen=True)
class BucketSettings:
    """S3-compatible storage that gets the same files.

    endpoint   of a storage that is not Amazon's, with its scheme
    prefix     before every object's name
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    bucket: str
    key_id: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    endpoint: str | None = None
    prefix: str = ""


class Publishing(Model):
    folders: list[str] = Field(default=[], description="Further folders that get the same files.")
    buckets: list[BucketSettings] = Field(default=[], description="S3-compatible storage that gets the same files.")
    heartbeat_s: Seconds = 60.0
    stale_after_s: Seconds = 300.0
    hubs: list[str] = Field(default=[], description="WebSub hubs that are told of each changed feed: https addresses.")
    phone_menu: str | None = Field(default=None, description="Address (TwiML) where the bank's phone line goes on after the spoken state.")


class Settings(Model):
    """All of statuspage.yaml."""

    page: Page
    groups: list[Group] = []
    components: list[ComponentSettings] = Field(min_length=1)
    locations: list[Location] = [Location(name="here")]
    probes: list[ProbeSettings] = []
    accounts: list[AccountSettings] = []
    channels: list[ChannelSettings] = []
    policy: Policy = Policy()
    incidents: Incidents = Incidents()
    delivery: Delivery = Delivery()
    publishing: Publishing = Publishing()
    retention: Retention = Retention()
    backups: Backups = Backups()
    demonstration: bool = Field(default=False, description="Marks the page as a demonstration of an invented bank.")
