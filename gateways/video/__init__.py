"""Videos, by ffmpeg: a process of its own for each piece of work, which does not outlive the worker."""

from mainspring.gateways.video.client import Made, Probe, Variant, Video, check_length
from mainspring.gateways.video.running import DiskFull, Ffmpeg, OnTime, VideoFailed

__all__ = ["DiskFull", "Ffmpeg", "Made", "OnTime", "Probe", "Variant", "Video", "VideoFailed", "check_length"]
