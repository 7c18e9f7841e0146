"""The command line put together."""

import typer

from mainspring.cli import (
    cards,
    database,
    demo,
    doctor,
    effects,
    failures,
    run,
    schedule_times,
    schedules,
    tasks,
    up,
    webhooks,
    wishlists,
)
from mainspring.cli.console import SUCCESS, Worker, end

app = typer.Typer(
    name="mainspring",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Durable background jobs on Temporal.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(up.up)
app.command("worker")(up.work)
app.command()(run.run)
app.command()(run.jobs)
app.add_typer(tasks.commands, name="tasks")
app.add_typer(failures.commands, name="failures")
app.add_typer(webhooks.commands, name="webhooks")
app.add_typer(schedules.commands, name="schedules")
schedules.commands.command()(schedule_times.backfill)
schedules.commands.command()(schedule_times.preview)
app.add_typer(cards.commands, name="cards")
app.add_typer(wishlists.commands, name="wishlists")
app.add_typer(effects.commands, name="effects")
app.add_typer(database.commands, name="db")
app.command()(doctor.doctor)
app.command()(demo.demo)

__all__ = ["run_command_line"]


def run_command_line(worker: Worker) -> None:
    """Run the command in the process's arguments; `worker` is what serves the jobs."""
    try:
        app(obj=worker)
    except SystemExit as leaving:  # how typer ends --help, a usage error and a command that just returned
        end(leaving.code if isinstance(leaving.code, int) else SUCCESS)
