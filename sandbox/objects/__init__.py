"""A stand-in for S3 that speaks its protocol on loopback."""

from sandbox.objects.bucket import Bucket, Held
from sandbox.objects.faults import ObjectFault
from sandbox.objects.server import ObjectsSandbox

__all__ = ["Bucket", "Held", "ObjectFault", "ObjectsSandbox"]
