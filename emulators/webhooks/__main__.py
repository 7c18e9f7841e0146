"""Run the receivers of webhooks by themselves: `python -m mainspring.emulators.webhooks`.

Without secrets they verify nothing.
"""

from mainspring.emulators.alone import options_of, run_alone
from mainspring.emulators.webhooks.server import WebhookEmulator

if __name__ == "__main__":
    run_alone(options_of("webhooks", __doc__), lambda chosen: WebhookEmulator(chosen.port))
