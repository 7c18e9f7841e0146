"""Run the web server with videos by itself: `python -m mainspring.emulators.videos FOLDER`."""

from pathlib import Path

from mainspring.emulators.alone import options_of, run_alone
from mainspring.emulators.videos.server import VideoServerEmulator

if __name__ == "__main__":
    options = options_of("videos", __doc__)
    options.add_argument("folder", type=Path, help="the folder whose files are served")
    run_alone(options, lambda chosen: VideoServerEmulator(chosen.folder, port=chosen.port))
