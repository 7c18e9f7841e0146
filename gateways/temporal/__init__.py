"""Temporal as an outside service: starting, cancelling and asking after workflows.

Workflows and activities talk to Temporal through their own SDK; this is for those who stand outside of one.
"""

from mainspring.gateways.temporal.calls import RPC_TIMEOUT, StartRefused
from mainspring.gateways.temporal.client import PATIENCE, TemporalGateway
from mainspring.gateways.temporal.runs import ClosedRun, first_run_id
from mainspring.gateways.temporal.task_queue import AskingWorker

__all__ = [
    "PATIENCE",
    "RPC_TIMEOUT",
    "AskingWorker",
    "ClosedRun",
    "StartRefused",
    "TemporalGateway",
    "first_run_id",
]
