"""A client whose ledger is not the one of the Temporal that it talks to."""

from mainspring.gateways.temporal.identity import ledger_of, worker_identity
from tests.acceptance.command_line import CommandLine
from tests.acceptance.running_service import RunningService


def test_a_client_of_another_ledger_is_refused_by_id(
    running: RunningService, command_line: CommandLine
) -> None:
    """Its task would wait for ever: no worker there looks at its ledger."""
    client = command_line.setting(TEMPORAL_ADDRESS=running.temporal.address)
    client.succeed("cards", "add-account", "Shop")
    done = client.run("run", "discover-sets", "--account", "Shop")

    assert 2 == done.code
    assert "this ledger is " in done.err
    assert "the workers of this Temporal work for ledger " in done.err
    assert [] == client.json("tasks", "list")


def test_an_identity_says_the_ledger_and_ends_with_the_host() -> None:
    """Workers of an older release have none, and are no reason to refuse anybody."""
    ledger = ledger_of("7/6f1e2d3c-0000-4000-8000-000000000001@host")

    assert ledger is not None
    assert ledger == ledger_of(worker_identity(ledger))
    assert [None, None] == [ledger_of("7@host"), ledger_of("anything")]
