"""The S3 protocol over HTTP for buckets in memory: objects, conditions, ranges, lists, uploads in parts."""

import asyncio
import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from mainspring.emulators.http import Connections
from mainspring.emulators.objects.bucket import Bucket, StoredObject
from mainspring.emulators.objects.faults import ObjectFault, ObjectFaults
from mainspring.emulators.objects.wire import answer, deleted, document, headers_of, listing, named, refusal

PAGE = 1_000
READING = ("GET", "HEAD")
RANGE = re.compile(r"bytes=(\d+)-(\d*)$")
UNSPECIFIC = "binary/octet-stream"


class ObjectsApp:
    """Answers requests for `/{bucket}/{key}`; a bucket is made when it is first named."""

    def __init__(
        self, buckets: dict[str, Bucket], access_key: str, faults: ObjectFaults, connections: Connections
    ) -> None:
        self.buckets = buckets
        self._access_key = access_key
        self._faults = faults
        self._connections = connections

    async def respond(self, request: Request) -> Response:
        """Answer one request, or break its connection."""
        method = request.method
        body = await request.body()
        if self._faults.strikes(ObjectFault.DROPPED, method):
            return await self._drop(request)
        if self._faults.strikes(ObjectFault.AWAY, method):
            return refusal(503, "SlowDown")
        if self._faults.strikes(ObjectFault.FULL, method):
            return refusal(507, "XMinioStorageFull")
        name, _, key = request.path_params["rest"].partition("/")
        bucket = self.buckets.setdefault(name, Bucket())
        if not self._may(request, bucket, key):
            return refusal(403, "InvalidAccessKeyId")
        if self._faults.strikes(ObjectFault.SLOW, method):
            await asyncio.sleep(self._faults.slow_seconds)
        answered = await _answer(name, bucket, key, request, body)
        return (
            await self._drop(request) if self._faults.strikes(ObjectFault.LOST_ANSWER, method) else answered
        )

    def _may(self, request: Request, bucket: Bucket, key: str) -> bool:
        if self._faults.refuses_everybody:
            return False
        is_open = bucket.is_public and bool(key) and request.method in READING
        return is_open or f"Credential={self._access_key}/" in request.headers.get("Authorization", "")

    async def _drop(self, request: Request) -> Response:
        await self._connections.abort(request.client)
        return Response()  # nobody is there to read it


async def _answer(name: str, bucket: Bucket, key: str, request: Request, body: bytes) -> Response:
    if request.method == "HEAD" or (key and request.method == "GET"):
        return _get(await bucket.find(key), request)
    asked: dict[str, Callable[[], Response]] = {
        "GET": lambda: _list(name, bucket, request),
        "PUT": lambda: _put(bucket, key, request, body),
        "POST": lambda: _post(name, bucket, key, request, body),
        "DELETE": lambda: _delete(bucket, key, request),
    }
    return asked[request.method]()


def _get(stored: StoredObject | None, request: Request) -> Response:
    if stored is None:
        return refusal(404, "NoSuchKey")
    if request.headers.get("If-Match", stored.tag) != stored.tag:
        return refusal(412, "PreconditionFailed")
    headers = headers_of(stored)
    found = RANGE.match(request.headers.get("Range", ""))
    if found is None:
        return Response(stored.content, headers=headers)
    first = int(found.group(1))
    if first >= len(stored.content):
        return refusal(416, "InvalidRange")
    last = min(int(found.group(2) or len(stored.content)), len(stored.content) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(stored.content)}"
    return Response(stored.content[first : last + 1], 206, headers)


def _list(name: str, bucket: Bucket, request: Request) -> Response:
    prefix = request.query_params.get("prefix", "")
    after = request.query_params.get("continuation-token", "")
    found = [(key, stored) for key, stored in bucket.under(prefix) if key > after]
    following = found[PAGE - 1][0] if len(found) > PAGE else None
    return listing(name, prefix, found[:PAGE], following)


def _put(bucket: Bucket, key: str, request: Request, body: bytes) -> Response:
    if upload_id := request.query_params.get("uploadId"):
        if upload_id not in bucket.uploads:
            return refusal(404, "NoSuchUpload")
        stored = StoredObject(body, UNSPECIFIC)
        bucket.uploads[upload_id].parts[int(request.query_params["partNumber"])] = body
        return Response(headers={"ETag": stored.tag})
    if request.headers.get("If-None-Match") == "*" and key in bucket.objects:
        return refusal(412, "PreconditionFailed")
    stored = StoredObject(body, request.headers.get("Content-Type", UNSPECIFIC))
    bucket.put(key, stored)
    return Response(headers={"ETag": stored.tag})


def _post(name: str, bucket: Bucket, key: str, request: Request, body: bytes) -> Response:
    if "delete" in request.query_params:
        keys = named(body, "Key")
        for each in keys:
            bucket.objects.pop(each, None)
        return deleted(keys)
    if "uploads" in request.query_params:
        upload_id = bucket.begin(key, request.headers.get("Content-Type", UNSPECIFIC))
        return answer(document("InitiateMultipartUploadResult", Bucket=name, Key=key, UploadId=upload_id))
    try:
        stored = bucket.complete(
            request.query_params["uploadId"], [int(part) for part in named(body, "PartNumber")]
        )
    except KeyError:
        return refusal(404, "NoSuchUpload")
    return answer(document("CompleteMultipartUploadResult", Bucket=name, Key=key, ETag=stored.tag))


def _delete(bucket: Bucket, key: str, request: Request) -> Response:
    if upload_id := request.query_params.get("uploadId"):  # an upload that is given up
        bucket.uploads.pop(upload_id, None)
    else:
        bucket.objects.pop(key, None)
    return Response(status_code=204)
