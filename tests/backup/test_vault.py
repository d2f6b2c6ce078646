"""The encrypted file of a backup: what was put in comes out, and nothing that was changed or cut off ever does."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.worker.vault import MAGIC, PIECE, PREFIX_BYTES, CannotOpen, Opening, Sealing

KEY, PREFIX = b"k" * 32, b"prefix7"
LENGTHS = st.sampled_from([0, 1, 100, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 17])


def sealed(content: bytes, *, chunk: int = 1 << 20) -> bytes:
    file = io.BytesIO()
    with Sealing(file, KEY, PREFIX) as sealing:
        for start in range(0, len(content), chunk):
            sealing.write(content[start : start + chunk])
    return file.getvalue()


def opened(data: bytes, key: bytes = KEY) -> bytes:
    return Opening(io.BytesIO(data), key).read()


@given(LENGTHS, st.sampled_from([1000, 7919, 1 << 20]))
def test_what_was_sealed_opens_whatever_its_length(length: int, chunk: int) -> None:
    content = bytes(range(256)) * (length // 256) + b"x" * (length % 256)

    assert opened(sealed(content, chunk=chunk)) == content


@given(LENGTHS, st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_single_changed_byte_is_noticed_wherever_it_is(length: int, place: float, change: int) -> None:
    data = bytearray(sealed(b"a" * length))
    data[int(place * len(data))] ^= change

    with pytest.raises(CannotOpen):
        opened(bytes(data))


@given(LENGTHS, st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_off_is_noticed_wherever_it_ends(length: int, place: float) -> None:
    data = sealed(b"a" * length)

    with pytest.raises(CannotOpen):
        opened(data[: int(place * len(data))])


def test_a_file_cut_off_between_two_pieces_is_noticed() -> None:
    data = sealed(b"a" * (2 * PIECE + 5))
    first = len(MAGIC) + PREFIX_BYTES

    for pieces in (1, 2):
        with pytest.raises(CannotOpen):
            opened(data[: first + pieces * (PIECE + 16)])


def test_another_key_opens_nothing_and_the_content_cannot_be_read() -> None:
    data = sealed(b"canary" * 100)

    with pytest.raises(CannotOpen, match="another one"):
        opened(data, b"j" * 32)
    assert b"canary" not in data
