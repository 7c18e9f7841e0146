"""The command line put together. Only the command that is named is imported."""

import os
from typing import Annotated

import typer

from mainspring.cli.console import BAD_INPUT, SUCCESS, Worker, complain, end
from mainspring.cli.lazy import LazyCommands
from mainspring.cli.version import show_version
from mainspring.client.errors import BadInput
from mainspring.client.workspaces import checked_workspace

app = typer.Typer(
    cls=LazyCommands,
    name="mainspring",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WORKSPACE = "MAINSPRING_WORKSPACE"


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        show_version()
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
        os.environ[WORKSPACE] = workspace


def run_command_line(worker: Worker) -> None:
    """Run the command in the process's arguments; `worker` is what serves the jobs."""
    try:
        app(obj=worker, prog_name="mainspring")
    except SystemExit as leaving:  # how typer ends --help, a usage error and a command that just returned
        end(leaving.code if isinstance(leaving.code, int) else SUCCESS)
