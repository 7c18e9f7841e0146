"""A stand-in for S3 that speaks its protocol on loopback."""

from mainspring.sandbox.objects.bucket import Bucket, Held
from mainspring.sandbox.objects.faults import ObjectFault
from mainspring.sandbox.objects.server import ObjectsSandbox

__all__ = ["Bucket", "Held", "ObjectFault", "ObjectsSandbox"]
