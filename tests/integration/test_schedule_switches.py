"""Schedules that a setting switches off, on a real engine."""

import pytest
from temporalio.client import Client

from mainspring.client.schedules import SCHEDULES, Pause, Schedules, ScheduleSwitchedOff
from mainspring.config.settings import Settings

pytestmark = pytest.mark.schedules

ROWS = tuple(row for row in SCHEDULES if row.id.startswith("wishlist-"))
SALE, STOCK = (row.id for row in ROWS)
ON = Settings()
OFF = Settings(wishlist_sale_check_enabled=False)
HELD = Pause(switch="WISHLIST_SALE_CHECK_ENABLED")


async def pauses(temporal_client: Client) -> dict[str, Pause | None]:
    """Return who holds which schedule."""
    return {each.id: each.pause for each in await Schedules(temporal_client, ON, ROWS).list()}


async def test_a_schedule_that_is_switched_off_is_there_paused_with_the_reason(
    temporal_client: Client,
) -> None:
    """From the start, and it fires again when it is switched on."""
    first = await Schedules(temporal_client, OFF, ROWS).sync()
    off = await pauses(temporal_client)
    second, third = [await Schedules(temporal_client, each, ROWS).sync() for each in (ON, ON)]

    assert ({SALE: "created", STOCK: "created"}, {SALE: HELD, STOCK: None}) == (first, off)
    assert {SALE: "switched on", STOCK: "unchanged"} == second
    assert {SALE: "unchanged", STOCK: "unchanged"} == third
    assert {SALE: None, STOCK: None} == await pauses(temporal_client)
    assert {SALE: "switched off", STOCK: "unchanged"} == await Schedules(temporal_client, OFF, ROWS).sync()
    assert {SALE: HELD, STOCK: None} == await pauses(temporal_client)


async def test_an_operators_pause_outlasts_the_switch(temporal_client: Client) -> None:
    """Off and on again: what an operator has paused stays paused, with the operator's reason."""
    schedules = Schedules(temporal_client, ON, ROWS)
    await schedules.sync()
    await schedules.pause(SALE, "stocktaking", by="alice")

    await Schedules(temporal_client, OFF, ROWS).sync()
    both = await pauses(temporal_client)
    await schedules.sync()

    assert Pause("alice", "stocktaking", "WISHLIST_SALE_CHECK_ENABLED") == both[SALE]
    assert {SALE: Pause("alice", "stocktaking"), STOCK: None} == await pauses(temporal_client)


async def test_no_command_overrules_a_switch(temporal_client: Client) -> None:
    """Who resumes is told what holds the schedule; a pause of an operator's goes alone."""
    schedules = Schedules(temporal_client, OFF, ROWS)
    await schedules.sync()
    with pytest.raises(ScheduleSwitchedOff, match="switched off by WISHLIST_SALE_CHECK_ENABLED"):
        await schedules.resume(SALE, by="alice")

    await schedules.pause(SALE, "stocktaking", by="alice")

    assert (Pause("alice", "stocktaking", HELD.switch), HELD) == await schedules.resume(SALE, by="alice")
    assert {SALE: HELD, STOCK: None} == await pauses(temporal_client)


async def test_another_zone_is_a_changed_declaration(temporal_client: Client) -> None:
    """WISHLIST_TIMEZONE takes effect at the next start."""
    await Schedules(temporal_client, ON, ROWS).sync()
    berlin = Schedules(temporal_client, Settings(wishlist_timezone="Europe/Berlin"), ROWS)

    moved = "updated: zone America/New_York -> Europe/Berlin"
    assert {SALE: moved, STOCK: moved} == await berlin.sync()
    # Also a shell with another setting shows what there is.
    here = await Schedules(temporal_client, ON, ROWS).list()
    assert {"Europe/Berlin"} == {each.zone.key for each in here}
    assert ["0 * * * * Europe/Berlin", "*/30 * * * * Europe/Berlin"] == [each.when for each in here]
    off = Schedules(temporal_client, OFF, ROWS)
    assert "updated: zone Europe/Berlin -> America/New_York, switched off" == (await off.sync())[SALE]
