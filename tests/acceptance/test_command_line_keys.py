"""`mainspring keys` and the secrets of `mainspring webhooks`, which need no Temporal."""

from mainspring.client.audit import Audit
from mainspring.config.settings import Settings
from mainspring.contracts.audit import AuditEntry
from mainspring.gateways.clock import SystemClock
from mainspring.storage.database import Database
from tests.acceptance.command_line import CommandLine


async def audited(command_line: CommandLine, workspace: str | None) -> list[AuditEntry]:
    """Return what the audit log has, the newest first."""
    database = Database(Settings(state_dir=command_line.state_dir).resolved_database_url)
    try:
        return await Audit(database, SystemClock(), workspace=workspace).find()
    finally:
        await database.dispose()


async def test_a_change_of_a_key_is_noted_with_who_made_it(command_line: CommandLine) -> None:
    """By the user of the system; keys of the platform in the installation's log."""
    mainspring = command_line.setting(TEMPORAL_ADDRESS="127.0.0.1:1", LOGNAME="ada")  # nobody answers there
    mainspring.succeed("db", "upgrade")
    made = mainspring.json("keys", "create", "shop")
    turned = mainspring.json("keys", "rotate", made["id"])
    mainspring.succeed("keys", "revoke", turned["id"])
    platform = mainspring.json("keys", "create", "ops", "--platform", "--role", "admin")

    revoked, rotated, created = await audited(mainspring, "default")
    assert ["revoke_key", "rotate_key", "create_key"] == [each.action for each in (revoked, rotated, created)]
    assert {"command line (ada)"} == {each.actor for each in (revoked, rotated, created)}
    assert (f"key {made['prefix']}", None) == (created.subject, created.before)
    assert f"key {turned['prefix']}" == revoked.subject
    assert (revoked.before or {}).keys() == {"revoked_at"}
    (ops,) = await audited(mainspring, None)
    assert f"key {platform['prefix']}" == ops.subject
    for entry in (created, rotated, ops):
        assert not [key for key in (made, turned, platform) if key["key"] in entry.model_dump_json()]


def test_the_audit_log_is_listed(command_line: CommandLine) -> None:
    """By who, what and when; as a table with what has changed, and whole as JSON."""
    mainspring = command_line.setting(TEMPORAL_ADDRESS="127.0.0.1:1", LOGNAME="ada")  # nobody answers there
    made = mainspring.json("keys", "create", "shop [b]")
    mainspring.succeed("keys", "revoke", made["id"])
    mainspring.succeed("keys", "create", "ops", "--platform")
    both = mainspring.json("audit")
    assert ["revoke_key", "create_key"] == [each["action"] for each in both]
    assert both[1:] == mainspring.json("audit", "--action", "create_key", "--actor", "ada", "--since", "1h")
    assert [] == mainspring.json("audit", "--until", "1h")
    assert [] == mainspring.json("audit", "--subject", "webhook")
    assert 1 == len(mainspring.json("audit", "--platform", "--subject", "key"))
    listed = " ".join(mainspring.setting(COLUMNS="200").succeed("audit", "--limit", "2").split())
    assert "command line (ada) revoke_key" in listed
    assert "revoked_at: None -> " in listed
    assert "name: shop [b]" in listed
    assert 2 == mainspring.run("audit", "--since", "then").code


def test_a_webhook_gets_another_secret_and_is_disabled(command_line: CommandLine) -> None:
    """Each secret is printed once; the list says why nothing is told."""
    mainspring = command_line.setting(TEMPORAL_ADDRESS="127.0.0.1:1")  # nobody answers there
    mainspring.succeed("db", "upgrade")
    added = mainspring.json("webhooks", "add", "https://1.1.1.1/hook")
    rotated = mainspring.json("webhooks", "rotate-secret", added["id"], "--overlap", "1h")
    assert added["secret"] != rotated["secret"]
    assert rotated["former_secret_until"]
    assert "rebuilt" in mainspring.succeed("webhooks", "disable", added["id"], "--reason", "rebuilt")
    assert "rebuilt" in mainspring.succeed("webhooks", "list")
    mainspring.succeed("webhooks", "enable", added["id"])
    assert mainspring.json("webhooks", "list")[0]["disabled_at"] is None
    assert 2 == mainspring.run("webhooks", "rotate-secret", added["id"], "--overlap", "31d").code
