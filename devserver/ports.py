"""Choosing the loopback ports of Temporal."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack

from mainspring.devserver.errors import PortTaken

HOST = "127.0.0.1"


def choose_ports(wanted: Mapping[str, int]) -> dict[str, int]:
    """Return the ports by setting, each 0 replaced by a free one; raise PortTaken for one that is in use."""
    with ExitStack() as stack:
        # All are held until all are chosen, so no two are given the same.
        return {variable: _bind(stack, port, variable) for variable, port in wanted.items()}


def _bind(stack: ExitStack, port: int, variable: str) -> int:
    probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    # As the server itself does: connections of a former server that linger do not make its port taken.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, port))
        probe.listen()
    except OSError:
        raise PortTaken(port, variable) from None
    chosen: int = probe.getsockname()[1]
    return chosen
