"""Finding the kinds of effects, as activities are found."""

import importlib
import pkgutil
from collections.abc import Mapping

from mainspring import activities
from mainspring.activities.runtime.effects.kind import AnyEffectKind, EffectKind


def effect_kinds() -> Mapping[str, AnyEffectKind]:
    """Return every kind that a module of the activities shows, by its name."""
    found: dict[str, AnyEffectKind] = {}
    for each in pkgutil.iter_modules(activities.__path__):
        module = importlib.import_module(f"{activities.__name__}.{each.name}")
        found |= {kind.name: kind for kind in vars(module).values() if isinstance(kind, EffectKind)}
    return found
