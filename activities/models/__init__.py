"""Calling language models within a workspace's budget; every call is kept as a model run."""

from mainspring.activities.models.calls import Ask, ModelCalls, ModelPolicy

__all__ = ["Ask", "ModelCalls", "ModelPolicy"]
