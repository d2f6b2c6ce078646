"""Alphabets of ids and codes; the letters come from the randomness port."""

from __future__ import annotations

ID_LENGTH = 12
ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"  # ids of the public API: 12 lower-case letters and digits

CODE_LENGTH = 7
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 O 1 I: customers type codes from a screen
