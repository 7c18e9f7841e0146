"""A web server on loopback with videos to download."""

from mainspring.emulators.videos.server import Asked, VideoFault, VideoServerEmulator

__all__ = ["Asked", "VideoFault", "VideoServerEmulator"]
