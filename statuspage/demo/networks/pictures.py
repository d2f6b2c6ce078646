"""Pictures that a network fetches and keeps, as the real ones do: what is later taken down at the source stays in the post."""

from __future__ import annotations

import hashlib
import http.client
import io
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image, UnidentifiedImageError

LARGEST = 8 * 1024 * 1024
FETCH_WITHIN_S = 5.0


class Unfit(Exception):
    """The picture was not fetched (code "fetch") or cannot be taken ("format", "shape"). Says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Pictures:
    """A folder of kept pictures, each named after its bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def taken(self, url: str) -> str:
        """Fetches a JPEG and keeps it; returns its name. Raises Unfit."""
        return self.kept(fetched(url))

    def kept(self, data: bytes) -> str:
        """Keeps a JPEG that can be shown on a phone; returns its name. Raises Unfit."""
        try:
            with Image.open(io.BytesIO(data)) as image:
                kind, (width, height) = image.format, image.size
        except (UnidentifiedImageError, OSError, ValueError):
            raise Unfit("format", "The image cannot be read") from None
        if kind != "JPEG" or len(data) > LARGEST:
            raise Unfit("format", "The image format is not supported")
        if not 0.8 <= width / height <= 1.91 or width < 320:
            raise Unfit("shape", "The submitted image's aspect ratio or size is not supported")
        name = hashlib.sha256(data).hexdigest()[:24]
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{name}.jpg").write_bytes(data)
        return name

    def read(self, name: str) -> bytes | None:
        """The picture of that name, or None."""
        file = self._folder / f"{name}.jpg"
        return file.read_bytes() if name.isalnum() and file.exists() else None


def fetched(url: str) -> bytes:
    """What is at an address. Raises Unfit."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unfit("fetch", "Only photo or video can be accepted as media type")
    connection = kind(parts.hostname, parts.port, timeout=FETCH_WITHIN_S)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        data = answer.read(LARGEST + 1)
    except (OSError, http.client.HTTPException):
        raise Unfit("fetch", "The media could not be fetched from this uri") from None
    finally:
        connection.close()
    if answer.status != 200 or answer.headers.get_content_type() != "image/jpeg":
        raise Unfit("fetch", "The media could not be fetched from this uri")
    return data
