"""A group whose commands are modules, each imported when it is named."""

import ast
import importlib
import pkgutil
from functools import cached_property
from importlib.machinery import FileFinder
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from mainspring.cli import commands


class LazyCommands(TyperGroup):
    """The modules of `mainspring.cli.commands`, as that package says.

    A list of them shows the first line of each file: to import all would be most of a command's time.
    """

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {
            found.name: Path(found.module_finder.path, f"{found.name}.py")
            for found in pkgutil.iter_modules(commands.__path__)
            if isinstance(found.module_finder, FileFinder)
        }

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # typer's signature
        """Return the names of all commands."""
        return list(self._files)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # as above
        """Return a command with no more than its help, unless the command was loaded."""
        if cmd_name in self.commands or cmd_name not in self._files:
            return self.commands.get(cmd_name)
        return TyperCommand(cmd_name, help=first_line(self._files[cmd_name]))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments name, loaded."""
        self.load(args[0])
        if args[0] not in self._files:  # typer suggests what is most like it of those that it has
            self.commands.update({name: self.get_command(ctx, name) for name in self._files})
        return super().resolve_command(ctx, args)

    def load(self, name: str) -> None:
        """Import a command by its name; a name that no command has is left alone."""
        if name in self._files and name not in self.commands:
            self.commands[name] = loaded(name)


def loaded(name: str) -> Any:
    """Return the command of a module, whether a group or a function."""
    module = importlib.import_module(f"{commands.__name__}.{name}")
    alone = typer.Typer(add_completion=False)
    group = getattr(module, "commands", None)
    if isinstance(group, typer.Typer):
        alone.add_typer(group, name=name)
    else:
        alone.command(name, context_settings=getattr(module, "CONTEXT", None))(getattr(module, name))
    alone.callback()(lambda: None)  # or a single command would be the whole
    whole = typer.main.get_group(alone)
    return whole.commands[name]


def first_line(file: Path) -> str:
    """Return the first line of a module's docstring, which is the first line of its file."""
    with file.open(encoding="utf-8") as lines:
        line = lines.readline().strip()
    return str(ast.literal_eval(line if line.count('"""') > 1 else line + '"""'))
