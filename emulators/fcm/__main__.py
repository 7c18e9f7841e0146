"""Run FCM by itself: `python -m mainspring.emulators.fcm`. Its service account is at `/_sandbox/account`."""

from mainspring.emulators.alone import options_of, run_alone
from mainspring.emulators.fcm.server import FcmEmulator

if __name__ == "__main__":
    run_alone(options_of("fcm", __doc__), lambda chosen: FcmEmulator(chosen.port))
