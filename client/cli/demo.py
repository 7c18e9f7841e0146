"""`demo`: the card jobs from nothing to a finished run, on the embedded stack and a stand-in of JustTCG."""

import asyncio
import csv
from pathlib import Path
from uuid import UUID

import typer
from rich.markup import escape

from client.cli.console import FAILED, SUCCESS, echo, settled, show_table, state_text, worker_of
from client.cli.fields import cells
from client.cli.follow import follow
from client.cli.stack import Stack, running_stack
from client.errors import ClientError
from client.inventory_csv import BadRow, read_inventory
from client.logs import configure_logs
from client.service import Service, open_service
from client.settings import Settings
from client.signals import stop_on_signals
from contracts.tasks import Task, TaskState
from domain.quota import plan_named
from storage.errors import AccountUnknown
from workflows.cards import ACCOUNT_JOBS

ACCOUNT = "Demo Collectors"
PLAN = "Starter"
KEY = "demo-key"
GAME = "magic-the-gathering"
TRACKED_SETS = 4
INVENTORY_SIZE = 600


class Stopped(ClientError):
    """The demo was stopped before its end."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


def demo(context: typer.Context) -> None:
    """Run the card jobs against a stand-in of JustTCG; a second run shows what was not due."""
    worker = worker_of(context)

    async def work(settings: Settings) -> int:
        # A place and ports of its own, so that it runs beside anything else, and a quiet log.
        settings = settings.model_copy(
            update={
                "state_dir": settings.state_dir / "demo",
                "database_url": None,
                "engine_port": 0,
                "ui_port": 0,
                "justtcg_api_key": None,
                "log_level": "warning",
            }
        )
        configure_logs(settings)
        async with running_stack(settings, worker, stop_on_signals(), sandbox=True) as stack:
            echo(f"Temporal {stack.engine.address}, Web UI {stack.engine.ui_url}, JustTCG stand-in")
            async with open_service(stack.settings, stack.temporal, create=True) as service:
                return await _run_jobs(stack, service)

    settled(work)


async def _run_jobs(stack: Stack, service: Service) -> int:
    assert stack.stand_ins.justtcg is not None  # noqa: S101  # the demo always runs with the sandbox
    stack.stand_ins.justtcg.add_key(KEY, PLAN)
    await _set_up_account(stack, service)
    account = await service.accounts.find(ACCOUNT)
    rows = []
    succeeded = True
    for job in ACCOUNT_JOBS:
        calls_before = len(stack.stand_ins.justtcg.calls)
        started = await service.jobs.start(job, job.input(account_id=account.id), triggered_by="demo")
        task = await _follow(stack, service, started.id)
        events = await service.engine.history_length(task.workflow_id, task.run_id)
        calls = len(stack.stand_ins.justtcg.calls) - calls_before
        rows.append((task.job, state_text(task.state), escape(_done(task)), str(calls), str(events)))
        succeeded &= task.state is TaskState.SUCCESS
    most = stack.stand_ins.justtcg.calls.of(KEY).most_in_any_minute
    show_table(("job", "state", "what was done", "API calls", "Temporal events"), rows)
    allowed = plan_named(PLAN).minute
    echo(f"{PLAN} plan: at most {allowed} calls a minute allowed, {most} were made in the busiest one")
    echo(f"tasks, cards and prices are in {escape(str(stack.settings.state_dir / 'mainspring.db'))}")
    echo(f"the Web UI was at {stack.engine.ui_url}; `make up` keeps one running")
    return SUCCESS if succeeded else FAILED


async def _set_up_account(stack: Stack, service: Service) -> None:
    try:
        await service.accounts.find(ACCOUNT)
    except AccountUnknown:
        await service.accounts.add(ACCOUNT, plan=PLAN, api_key=KEY)
    assert stack.stand_ins.justtcg is not None  # noqa: S101  # as above
    sets = list(stack.stand_ins.justtcg.catalogue.sets.values())[:TRACKED_SETS]
    await service.accounts.follow(ACCOUNT, games=[GAME], sets=[each.id for each in sets])
    file = stack.settings.state_dir / "inventory.csv"
    # Every fifth variant, so that the inventory is spread over conditions and printings.
    held = [variant.id for each in sets for card in each.cards for variant in card.variants][::5]
    _write_inventory(file, held[:INVENTORY_SIZE])
    lines = [row for row in read_inventory(file) if not isinstance(row, BadRow)]
    await service.accounts.load_inventory(ACCOUNT, lines)
    echo(f"account {ACCOUNT!r} on the {PLAN} plan: 1 game, {len(sets)} sets, {len(lines)} variants tracked")


def _write_inventory(file: Path, variant_ids: list[str]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("reference", "variant_id", "quantity"))
        rows.writerows((f"box-{number // 100 + 1}", each, 1) for number, each in enumerate(variant_ids))


async def _follow(stack: Stack, service: Service, task_id: UUID) -> Task:
    following = asyncio.create_task(follow(service.jobs, task_id))
    await asyncio.wait({following, stack.work}, return_when=asyncio.FIRST_COMPLETED)
    if not following.done():
        following.cancel()
        stack.work.result()
        raise Stopped
    return following.result()


def _done(task: Task) -> str:
    if task.state is not TaskState.SUCCESS:
        return task.errors[-1].message if task.errors else ""
    counts = [f"{name} {text}" for name, text in cells(task.result or {}) if text not in {"0", "none"}]
    return ", ".join(counts) or "nothing was due"
