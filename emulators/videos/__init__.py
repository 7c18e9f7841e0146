"""A web server on loopback with videos to download."""

from mainspring.emulators.videos.faults import VideoFault
from mainspring.emulators.videos.server import Asked, VideoServerEmulator

__all__ = ["Asked", "VideoFault", "VideoServerEmulator"]
