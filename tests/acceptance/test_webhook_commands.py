"""`mainspring webhooks`, as a user has it."""

import json
import re

from tests.acceptance.command_line import CommandLine


def test_a_webhook_is_added_listed_and_removed(command_line: CommandLine) -> None:
    """Its secret is printed once, and never again."""
    private = command_line.setting(MAINSPRING_WEBHOOKS_ALLOW_PRIVATE="true")
    added = private.succeed(
        "webhooks", "add", "http://127.0.0.1:9/hook", "--fairness-key", "shop", "--state", "failed"
    )
    said = dict(line.split(maxsplit=1) for line in added.splitlines())
    webhook, secret = said["webhook"], said["secret"]

    listed = private.json("webhooks", "list")
    enabled = private.succeed("webhooks", "enable", webhook)
    removed = private.succeed("webhooks", "remove", webhook[:6])

    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert "http://127.0.0.1:9/*** was active already" == enabled
    assert removed.startswith("http://127.0.0.1:9/*** is told nothing any more")
    assert [(webhook, "shop", ["FAILED"])] == [(e["id"], e["fairness_key"], e["states"]) for e in listed]
    assert secret not in json.dumps(listed)
    assert [] == private.json("webhooks", "list")


def test_an_option_that_had_another_meaning_says_what_to_give_now(command_line: CommandLine) -> None:
    """`--workspace` after a command was the key of turns; the same words must not mean something else."""
    for command in (["webhooks", "add", "https://shop.example"], ["tasks", "list"]):
        refused = command_line.run(*command, "--workspace", "shop")
        said = " ".join(refused.err.replace("│", " ").split())
        assert 2 == refused.code
        assert "mainspring --workspace shop" in said
        assert "--fairness-key" in said


def test_a_webhook_that_leads_into_our_own_network_is_refused(command_line: CommandLine) -> None:
    """With the reason, and as bad input."""
    done = command_line.run("webhooks", "add", "https://127.0.0.1/hook")

    assert (2, "") == (done.code, done.out)
    assert "127.0.0.1" in done.err
    assert "MAINSPRING_WEBHOOKS_ALLOW_PRIVATE=true" in done.err


def test_only_ends_are_told_of(command_line: CommandLine) -> None:
    """The option, the value that was given, and what would be right."""
    done = command_line.run("webhooks", "add", "https://example.org/", "--state", "RUNNING")

    assert (2, "") == (done.code, done.out)
    assert "--state: 'RUNNING' is not accepted: CANCELLED, FAILED, SUCCESS are told of" in done.err
