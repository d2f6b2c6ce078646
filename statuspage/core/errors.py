"""Errors of the domain. Their text is for the person who meets them: where, what was found, what is allowed, what happens now."""

from __future__ import annotations


class DomainError(Exception):
    """Something that was asked for may not be done. Nothing was changed."""


class NotFound(DomainError):
    """There is no such thing."""


class NotAllowed(DomainError):
    """The rules forbid it: a transition, a missing reason, a missing role."""


class Conflict(DomainError):
    """Somebody else changed it meanwhile. Carries what stands now."""

    def __init__(self, message: str, current: object = None) -> None:
        super().__init__(message)
        self.current = current


class InvalidText(DomainError):
    """A text or value breaks a guard rail: a foreign link, a phone number, a control character, a look-alike letter."""


class OutOfOrder(DomainError):
    """Results were fed against their location's sequence."""


class CannotFit(DomainError):
    """What may never be dropped is already longer than the channel allows."""
