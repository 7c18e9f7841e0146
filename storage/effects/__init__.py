"""The effects ledger: what goes outside is written before, and what became of it after."""

from mainspring.storage.effects.queries import EffectQueries
from mainspring.storage.effects.rows import EffectResult, NewEffect
from mainspring.storage.effects.store import EffectStore
from mainspring.storage.effects.workspace_effects import WorkspaceEffects

__all__ = ["EffectQueries", "EffectResult", "EffectStore", "NewEffect", "WorkspaceEffects"]
