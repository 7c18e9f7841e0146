"""`--workspace` after a command, where it was the name of another option."""

from typing import Annotated

import typer


def _refuse(name: str | None) -> None:
    if name is not None:
        raise typer.BadParameter(
            f"{name!r} is not accepted here. A workspace is named before the command, "
            f"`mainspring --workspace {name} …`; what this option was before is --fairness-key"
        )


# A script of before must learn what to say now: the same words would mean something else.
FormerWorkspace = Annotated[str | None, typer.Option("--workspace", hidden=True, callback=_refuse)]
