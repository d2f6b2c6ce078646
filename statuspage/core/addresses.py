"""Addresses of the public page that notices carry; counted from the page's own root."""

from __future__ import annotations

from statuspage.core.vocabulary import SubjectKind

_FOLDERS = {SubjectKind.INCIDENT: "incidents", SubjectKind.MAINTENANCE: "maintenance"}


def subject_path(kind: SubjectKind, subject_id: str, language: str) -> str:
    """Path of the page about one subject in one language; the front page for a subject without a page of its own (a warning)."""
    folder = _FOLDERS.get(kind)
    return f"/{language}/" if folder is None else f"/{language}/{folder}/{subject_id}/"
