"""`mainspring webhooks`, as a user has it."""

import json
import re

from tests.acceptance.command_line import CommandLine


def test_a_webhook_is_added_listed_and_removed(command_line: CommandLine) -> None:
    """Its secret is printed once, and never again."""
    private = command_line.setting(MAINSPRING_WEBHOOKS_ALLOW_PRIVATE="true")
    webhook, secret = private.succeed(
        "webhooks", "add", "http://127.0.0.1:9/hook", "--workspace", "shop", "--state", "FAILED"
    ).splitlines()

    listed = private.json("webhooks", "list")
    private.succeed("webhooks", "enable", webhook)
    private.succeed("webhooks", "remove", webhook)

    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert [(webhook, "shop", ["FAILED"])] == [(e["id"], e["workspace"], e["states"]) for e in listed]
    assert secret not in json.dumps(listed)
    assert [] == private.json("webhooks", "list")


def test_a_webhook_that_leads_into_our_own_network_is_refused(command_line: CommandLine) -> None:
    """With the reason, and as bad input."""
    done = command_line.run("webhooks", "add", "https://127.0.0.1/hook")

    assert (2, "") == (done.code, done.out)
    assert "127.0.0.1" in done.err
