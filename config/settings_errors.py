"""What is said about settings that cannot be used. Values of secret fields (`repr=False`) are never shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Problem:
    """One wrong setting: its variable, its value unless that is a secret, and what would be accepted."""

    variable: str
    value: str | None
    accepted: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f"={self.value}"
        return f"{self.variable}{shown}: {self.accepted}"


class SettingsError(Exception):
    """The settings cannot be used; `problems` holds each one."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            "\n".join(["the settings cannot be used:", *(f"  {problem}" for problem in problems)])
        )
        self.problems = problems


def unknown(names: Iterable[str], accepted: list[str], prefix: str) -> list[Problem]:
    """Return a problem for each name with the prefix that no setting has, with the nearest one that is."""
    return [
        Problem(name, None, _suggestion(name, accepted, prefix))
        for name in sorted(names)
        if name.upper().startswith(prefix) and name.upper() not in accepted
    ]


def invalid(error: ValidationError, fields: dict[str, FieldInfo], prefix: str) -> list[Problem]:
    """Return a problem for each field that pydantic refused."""
    # A field with an alias is told of by that.
    aliased = {field.validation_alias: field for field in fields.values() if field.validation_alias}
    named = {name: (prefix + name.upper(), field) for name, field in fields.items()}
    named |= {str(alias): (str(alias), field) for alias, field in aliased.items()}
    return [
        Problem(
            variable=named[str(item["loc"][0])][0],
            value=str(item["input"]) if named[str(item["loc"][0])][1].repr else None,
            accepted=item["msg"].removeprefix("Value error, "),
        )
        for item in error.errors()
    ]


def _suggestion(name: str, accepted: list[str], prefix: str) -> str:
    # Compared without the prefix, which makes everything look alike.
    endings = [known.removeprefix(prefix) for known in accepted]
    nearest = get_close_matches(name[len(prefix) :].upper(), endings, n=1)
    return "there is no such setting" + (f"; did you mean {prefix}{nearest[0]}?" if nearest else "")
