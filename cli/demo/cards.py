"""The card part of `demo`: an account, and its jobs from nothing to a finished run."""

import csv
from pathlib import Path

from rich.markup import escape

from mainspring.cli.console import FAILED, SUCCESS
from mainspring.cli.demo.following import followed
from mainspring.cli.output import echo, show_table, state_text
from mainspring.cli.stack import Stack
from mainspring.client.fields import cells
from mainspring.client.inventory_imports import import_inventory
from mainspring.client.service import Service
from mainspring.contracts.tasks import Task, TaskState
from mainspring.domain.cards.quota import plan_named
from mainspring.storage.errors import AccountUnknown
from mainspring.workflows.cards import ACCOUNT_JOBS

ACCOUNT = "Demo Collectors"
PLAN = "Starter"
KEY = "demo-key"
GAME = "magic-the-gathering"
TRACKED_SETS = 4
INVENTORY_SIZE = 600


async def run_cards(stack: Stack, service: Service) -> int:
    """Run the card jobs one after the other; show what each did and cost."""
    assert stack.emulators.justtcg is not None  # noqa: S101  # the demo always runs with emulators
    stack.emulators.justtcg.add_key(KEY, PLAN)
    await _set_up_account(stack, service)
    account = await service.accounts.find(ACCOUNT)
    rows = []
    succeeded = True
    for job in ACCOUNT_JOBS:
        calls_before = len(stack.emulators.justtcg.calls)
        started = await service.jobs.start(job, job.input(account_id=account.id), triggered_by="demo")
        task = await followed(stack, service.tasks, started.id)
        events = await service.temporal.history_length(task.workflow_id, task.run_id)
        calls = len(stack.emulators.justtcg.calls) - calls_before
        rows.append((task.job, state_text(task.state), escape(_done(task)), str(calls), str(events)))
        succeeded &= task.state is TaskState.SUCCESS
    most = stack.emulators.justtcg.calls.of(KEY).most_in_any_minute
    show_table(("job", "state", "what was done", "API calls", "Temporal events"), rows)
    allowed = plan_named(PLAN).minute
    echo(f"{PLAN} plan: at most {allowed} calls a minute allowed, {most} were made in the busiest one")
    return SUCCESS if succeeded else FAILED


async def _set_up_account(stack: Stack, service: Service) -> None:
    try:
        await service.accounts.find(ACCOUNT)
    except AccountUnknown:
        await service.accounts.add(ACCOUNT, plan=PLAN, api_key=KEY)
    assert stack.emulators.justtcg is not None  # noqa: S101  # as above
    sets = list(stack.emulators.justtcg.catalogue.sets.values())[:TRACKED_SETS]
    await service.accounts.follow(ACCOUNT, games=[GAME], sets=[each.id for each in sets])
    file = stack.settings.state_dir / "inventory.csv"
    # Every fifth variant, so that the inventory is spread over conditions and printings.
    inventory = [variant.id for each in sets for card in each.cards for variant in card.variants][::5]
    _write_inventory(file, inventory[:INVENTORY_SIZE])
    lines = (await import_inventory(service.accounts, ACCOUNT, file)).loaded
    echo(f"account {ACCOUNT!r} on the {PLAN} plan: 1 game, {len(sets)} sets, {lines} variants tracked")


def _write_inventory(file: Path, variant_ids: list[str]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("reference", "variant_id", "quantity"))
        rows.writerows((f"box-{number // 100 + 1}", each, 1) for number, each in enumerate(variant_ids))


def _done(task: Task) -> str:
    if task.state is not TaskState.SUCCESS:
        return task.errors[-1].message if task.errors else ""
    counts = [f"{name} {text}" for name, text in cells(task.result or {}) if text not in {"0", "none"}]
    return ", ".join(counts) or "nothing was due"
