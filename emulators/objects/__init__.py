"""An emulator of S3 that speaks its protocol on loopback."""

from mainspring.emulators.objects.bucket import Bucket, StoredObject
from mainspring.emulators.objects.faults import ObjectFault
from mainspring.emulators.objects.server import ObjectStoreEmulator

__all__ = ["Bucket", "ObjectFault", "ObjectStoreEmulator", "StoredObject"]
