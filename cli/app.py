"""The command line put together."""

import importlib
import os
import pkgutil
from importlib.metadata import version
from typing import Annotated

import typer

from mainspring import cli
from mainspring.cli import demo, doctor, run, schedule_times, schedules, up
from mainspring.cli.console import BAD_INPUT, SUCCESS, Worker, complain, end
from mainspring.cli.output import echo
from mainspring.client.errors import BadInput
from mainspring.client.workspaces import checked_workspace
from mainspring.config.settings import Settings

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
    *,
    workspace: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose tasks and data; MAINSPRING_WORKSPACE, or `default`."),
    ] = None,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Durable background jobs on Temporal."""
    if workspace is not None:
        try:
            checked_workspace(workspace, "--workspace")
        except BadInput as error:
            complain(str(error), BAD_INPUT)
        # The settings of this process are read by the command, after this.
        os.environ[Settings.variable("workspace")] = workspace


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
