"""The real cards: what the package MTGA says of the sets of Magic: The Gathering Arena.

Its modules are read, not imported: importing one looks for an installed game on this machine and prints.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# The order of `mtga.models.card.Card`'s parameters, which some modules give by position.
PARAMETERS = (
    "name",
    "pretty_name",
    "cost",
    "color_identity",
    "card_type",
    "sub_types",
    "abilities",
    "set_id",
    "rarity",
    "collectible",
    "set_number",
    "mtga_id",
)

# The modules that give them by position were written for a Card without `abilities` and `collectible`.
OLD_PARAMETERS = tuple(name for name in PARAMETERS if name not in {"abilities", "collectible"})
WANTED = frozenset(("pretty_name", "set_id", "rarity", "set_number", "card_type", "sub_types"))


@dataclass(frozen=True, slots=True)
class PrintedCard:
    """A card of a set; `number` is None when the source does not know it."""

    name: str
    set_code: str
    number: str | None
    rarity: str
    kind: str


def printed_cards(modules: tuple[str, ...]) -> Iterator[PrintedCard]:
    """Read the cards of `mtga.set_data.<module>` in the order they are printed there."""
    spec = find_spec("mtga")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "the emulator takes its cards from the package MTGA; install the group `emulators`"
        )
    folder = Path(spec.submodule_search_locations[0]) / "set_data"
    for module in modules:
        tree = ast.parse((folder / f"{module}.py").read_text(encoding="utf-8"))
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
                yield from _card(statement.value)


def _card(call: ast.Call) -> Iterator[PrintedCard]:
    if not (isinstance(call.func, ast.Name) and call.func.id == "Card"):
        return
    fields: dict[str, Any] = {
        name: node.value if isinstance(node, ast.Constant) else ast.literal_eval(node)
        for name, node in (
            *zip(OLD_PARAMETERS, call.args, strict=False),
            *((each.arg, each.value) for each in call.keywords),
        )
        if name in WANTED
    }
    number = fields["set_number"]
    yield PrintedCard(
        name=fields["pretty_name"],
        set_code=fields["set_id"],
        number=str(number) if number > 0 else None,
        rarity=fields["rarity"],
        kind=" ".join(filter(None, (fields["card_type"], fields["sub_types"]))),
    )
