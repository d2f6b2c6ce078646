"""Facts come back from the store as they went in."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.notices import Facts
from statuspage.core.vocabulary import NoticeKind
from statuspage.store.updates import from_json, to_json

moments = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
keys = st.none() | st.sampled_from(["login", "card", "waiting"])
slugs = st.lists(st.sampled_from(["cards", "login", "atm"]), unique=True).map(tuple)
texts = st.dictionaries(st.sampled_from(["en", "es"]), st.text(min_size=1, max_size=20), max_size=2)
facts = st.builds(
    Facts,
    kind=st.sampled_from(NoticeKind),
    service=keys,
    affected=slugs,
    works=slugs,
    symptom=keys,
    scheme=keys,
    cause=keys,
    advice=slugs,
    late=keys,
    start=moments,
    end=moments,
    was=moments,
    next=moments,
    late_until=moments,
    review=moments,
    duration_s=st.none() | st.integers(0, 10**6),
    fake=keys,
    wrong=texts,
    text=texts,
    free_text=texts,
)


@given(facts)
def test_facts_survive_the_store(value: Facts) -> None:
    assert from_json(json.loads(json.dumps(to_json(value)))) == value
