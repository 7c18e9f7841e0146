"""What a bucket holds: objects, uploads in parts, and a count of what was written."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5


@dataclass(frozen=True)
class StoredObject:
    """One object."""

    content: bytes
    content_type: str
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)

    @property
    def tag(self) -> str:
        """The entity tag, as S3 makes it for an object in one piece."""
        return f'"{md5(self.content).hexdigest()}"'  # noqa: S324  # a name, not a seal


@dataclass
class Upload:
    """An upload in parts that has not come to its end."""

    key: str
    content_type: str
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Bucket:
    """Objects by key. `writes` counts how often each was written, whole.

    Whoever knows its address may read the objects of a bucket that `is_public`, without a key.
    """

    objects: dict[str, StoredObject] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    writes: Counter[str] = field(default_factory=Counter)
    is_public: bool = False
    _begun: int = 0

    async def find(self, key: str) -> StoredObject | None:
        """Return an object, if there is one."""
        return self.objects.get(key)

    def put(self, key: str, stored: StoredObject) -> None:
        """Keep an object."""
        self.objects[key] = stored
        self.writes[key] += 1

    def begin(self, key: str, content_type: str) -> str:
        """Begin an upload in parts and return its id."""
        self._begun += 1
        upload_id = f"upload-{self._begun}"
        self.uploads[upload_id] = Upload(key, content_type)
        return upload_id

    def complete(self, upload_id: str, numbers: list[int]) -> StoredObject:
        """Make an object of the named parts; KeyError for an unknown upload or part."""
        upload = self.uploads[upload_id]
        stored = StoredObject(b"".join(upload.parts[number] for number in numbers), upload.content_type)
        self.put(upload.key, stored)
        del self.uploads[upload_id]
        return stored

    def under(self, prefix: str) -> list[tuple[str, StoredObject]]:
        """Return what begins so, by key."""
        return sorted((key, stored) for key, stored in self.objects.items() if key.startswith(prefix))
