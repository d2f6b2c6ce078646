"""Published files in S3-compatible storage: the same port as a folder (see ports.FilesPort), for a page that outlives its own host.

Source: Amazon S3 API Reference, PutObject, GetObject, DeleteObject, ListObjectsV2; what they leave to the storage is not relied on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from statuspage.publish.headers import CACHE_PUBLIC
from statuspage.publish.site import media_type
from statuspage.settings.models import BucketSettings

AT_ONCE = 8  # objects put side by side: one at a time, a first edition would take half a minute
CODINGS = {".gz": "gzip", ".br": "br"}


class Bucket:
    """Objects below one prefix. An object is replaced whole or not at all; nothing else is promised by the storage.

    Every error of the storage comes as OSError that names bucket, object and what was said, never a key.
    """

    def __init__(self, settings: BucketSettings) -> None:
        self.name = f"{settings.endpoint or 'S3'} {settings.bucket}"
        self._bucket, self._prefix = settings.bucket, settings.prefix.strip("/")
        limits = Config(
            connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}, max_pool_connections=AT_ONCE
        )
        self._client = boto3.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=settings.key_id,
            aws_secret_access_key=settings.secret_key,
            config=limits,
        )

    def read(self, path: PurePosixPath) -> bytes | None:
        try:
            with self._explained("read", path):
                return bytes(self._client.get_object(Bucket=self._bucket, Key=self._key(path))["Body"].read())
        except FileNotFoundError:
            return None

    def write(self, path: PurePosixPath, data: bytes) -> None:
        with self._explained("write", path):
            self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=data, CacheControl=CACHE_PUBLIC, **_kind(path))

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self.write, files, files.values()))  # raises what the first of them raised

    def remove(self, path: PurePosixPath) -> None:
        with self._explained("remove", path):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(path))

    def list(self, under: PurePosixPath) -> list[PurePosixPath]:
        prefix = self._key(under)
        with self._explained("list", under):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix and prefix + "/")
            keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return sorted(PurePosixPath(key).relative_to(self._prefix) for key in keys)

    @contextmanager
    def exclusive(self) -> Iterator[bool]:
        """Storage has no locks: the one writer is the owner of the publication, by its lock in the database."""
        yield True

    def _key(self, path: PurePosixPath) -> str:
        key = (PurePosixPath(self._prefix) / path).as_posix()
        return "" if key == "." else key

    @contextmanager
    def _explained(self, what: str, path: PurePosixPath) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            kind = FileNotFoundError if code in ("NoSuchKey", "404") else OSError
            raise kind(f"{self.name}: cannot {what} {path}: {code}. It is tried again; the other targets go on.") from None
        except BotoCoreError as error:
            raise OSError(
                f"{self.name}: cannot {what} {path}: {type(error).__name__}. It is tried again; the other targets go on."
            ) from None


def _kind(path: PurePosixPath) -> dict[str, Any]:
    """What a browser must be told of an object: a packed form is of its file's type."""
    coding = CODINGS.get(path.suffix)
    if coding is None:
        return {"ContentType": media_type(path)}
    return {"ContentType": media_type(path.with_suffix("")), "ContentEncoding": coding}
