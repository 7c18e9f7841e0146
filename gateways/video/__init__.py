"""Videos, by ffmpeg: a process of its own for each piece of work, which does not outlive the worker."""

from mainspring.gateways.video.client import Made, Probe, Variant, Video, check_length
from mainspring.gateways.video.progress import OnTime
from mainspring.gateways.video.running import DiskFull, Ffmpeg, VideoFailed

__all__ = ["DiskFull", "Ffmpeg", "Made", "OnTime", "Probe", "Variant", "Video", "VideoFailed", "check_length"]
