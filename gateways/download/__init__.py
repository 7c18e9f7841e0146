"""Fetching a file that a caller's URL names, whole and once, over any number of attempts."""

from mainspring.gateways.download.client import Allowed, Download, Downloads, open_downloads
from mainspring.gateways.download.source import NotAVideo, SourceRefused, TooLarge
from mainspring.gateways.download.speed import LeastSpeed, TooSlow

__all__ = [
    "Allowed",
    "Download",
    "Downloads",
    "LeastSpeed",
    "NotAVideo",
    "SourceRefused",
    "TooLarge",
    "TooSlow",
    "open_downloads",
]
