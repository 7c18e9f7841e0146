"""The command line put together."""

import importlib
import pkgutil
from importlib.metadata import version

import typer

from mainspring import cli
from mainspring.cli import demo, doctor, run, schedule_times, schedules, up
from mainspring.cli.console import SUCCESS, Worker, echo, end

app = typer.Typer(
    name="mainspring",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        echo(f"mainspring {version('mainspring')}")
        raise typer.Exit


@app.callback()
def mainspring(
    _: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Durable background jobs on Temporal."""


app.command()(up.up)
app.command("worker")(up.work)
app.command()(run.run)
app.command()(run.jobs)
schedules.commands.command()(schedule_times.backfill)
schedules.commands.command()(schedule_times.preview)
app.command()(doctor.doctor)
app.command()(demo.demo)
for found in pkgutil.iter_modules(cli.__path__, f"{cli.__name__}."):
    # A group of commands is there by its module having `commands`; its name is the module's, or its own.
    group = getattr(importlib.import_module(found.name), "commands", None)
    if isinstance(group, typer.Typer):
        app.add_typer(group, name=group.info.name or found.name.rpartition(".")[2])

__all__ = ["run_command_line"]


def run_command_line(worker: Worker) -> None:
    """Run the command in the process's arguments; `worker` is what serves the jobs."""
    try:
        app(obj=worker)
    except SystemExit as leaving:  # how typer ends --help, a usage error and a command that just returned
        end(leaving.code if isinstance(leaving.code, int) else SUCCESS)
