"""The effects ledger: what goes outside is written before, and what became of it after."""

from mainspring.storage.effects.queries import EffectQueries
from mainspring.storage.effects.store import DOUBTFUL, OVER, EffectRepository, NewEffect, Settlement

__all__ = ["DOUBTFUL", "OVER", "EffectQueries", "EffectRepository", "NewEffect", "Settlement"]
