"""Addresses of the page: its forms stand on its own host, whatever the settings say (X33)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.errors import InvalidText
from tests.words.samples import page

FOREIGN_PATHS = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/ /evil.example",
    "https://evil.example",
    "https:evil.example",
    "http:/evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:x@evil.example",
    "@evil.example",
    ".evil.example",
    ":8080/x",
    "evil.example",
    "contact",
    "",
    " /contact",
    "/contact ",
    "/contact\n",
    "/..//evil.example",
    "/../x",
    "/./..",
    "/a/../b",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/a?next=//evil.example",
    "/a#//evil.example",
    "/a//b",
    "/a;b",
    "/é",
    "/\u2044evil.example",
    "/\uff0fevil.example",
    "/\u202eevil",
    "/\x00",
    "/a@evil.example",
    "/<script>",
    "/{bank}",
    "?x",
    "#x",
]


@pytest.mark.parametrize("path", FOREIGN_PATHS, ids=ascii)
@pytest.mark.parametrize("field", ["contact_path", "claim_path"])
def test_a_path_that_could_leave_the_host_is_refused(field: str, path: str) -> None:
    """X33"""
    with pytest.raises(InvalidText, match=rf"page\.{field}: .* is not a path"):
        page(**{field: path})


def test_there_are_at_least_forty_paths() -> None:
    assert len(set(FOREIGN_PATHS)) >= 40


@pytest.mark.parametrize("path", ["/", "/contact", "/help/contact", "/help/contact/", "/a-b_c.d~e/1"])
def test_an_ordinary_path_stays_on_the_pages_host(path: str) -> None:
    facts = page(contact_path=path, claim_path=path)

    assert facts.contact_url == facts.claim_url == f"https://status.example.com{path}"


@given(st.text(max_size=30))
def test_whatever_path_passes_begins_with_one_slash(path: str) -> None:
    try:
        facts = page(contact_path=path)
    except InvalidText:
        return
    assert facts.contact_url.startswith("https://status.example.com/")
    assert not path.startswith("//")


@pytest.mark.parametrize(
    "url",
    [
        "status.example.com",
        "ftp://status.example.com",
        "https://",
        "https://status.example.com/",
        "https://user@status.example.com",
        "https://status.example.com?x=1",
        "https://status.example.com#x",
        "https://status example.com",
        "https://státus.example.com",
        "https://[::1",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_address_that_is_no_page_is_refused(url: str) -> None:
    with pytest.raises(InvalidText, match=r"page\.url"):
        page(url=url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://status.example.com", "status.example.com"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("https://Example.com/status", "example.com"),
    ],
)
def test_the_pages_host_is_the_first_of_the_own_hosts(url: str, host: str) -> None:
    assert page(url=url).own_hosts == (host, "www.example.com")


@pytest.mark.parametrize("phone", ["900 123 456", "+34 900 123 456", "0900-1234", "(0800) 123"])
def test_telephone_numbers_are_digits_with_ordinary_signs(phone: str) -> None:
    if phone.startswith("("):
        with pytest.raises(InvalidText, match=r"page\.phone"):
            page(phone=phone)
    else:
        assert page(phone=phone).phone == phone


@pytest.mark.parametrize("phone", ["", "call us", "900 123 456 or 457", "9", "900\n123456", "++34 900", "900-"])
def test_what_is_no_telephone_number_is_refused(phone: str) -> None:
    with pytest.raises(InvalidText, match=r"page\.phone"):
        page(phone=phone)


def test_a_bank_name_that_is_too_long_for_an_sms_is_refused() -> None:
    with pytest.raises(InvalidText, match=r"page\.bank: .* has 21 characters"):
        page(bank="x" * 21)
