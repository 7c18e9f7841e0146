"""A web server on loopback with videos to download."""

from sandbox.videos.server import Asked, VideoFault, VideosSandbox

__all__ = ["Asked", "VideoFault", "VideosSandbox"]
