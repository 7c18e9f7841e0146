"""The service itself: its state, its database, its worker, its logs."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from mainspring.config.sections.values import (
    DatabaseUrl,
    Key,
    KeyList,
    Lowercase,
    Port,
    Workspace,
    sqlite_address,
)
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE


class ServiceSettings(BaseModel):
    """What every installation has, whatever jobs it runs."""

    state_dir: Path = Path("./var")
    database_url: DatabaseUrl | None = Field(default=None, repr=False)
    encryption_key: Key | None = Field(default=None, repr=False)
    former_encryption_keys: KeyList = Field(default=(), repr=False)
    link_key: Key | None = Field(default=None, repr=False)
    former_link_keys: KeyList = Field(default=(), repr=False)

    # Whose the tasks and data are that commands and `open_service` show and make. A worker serves all.
    workspace: Workspace = DEFAULT_WORKSPACE

    task_queue: str = Field(default="mainspring", min_length=1)
    # A slot costs little: most hold a workflow between two steps, or an activity that waits for an answer.
    workflow_slots: int = Field(default=100, ge=2)  # the SDK refuses fewer than two with a cache
    activity_slots: int = Field(default=100, ge=1)
    # After the first death nobody knows which task it was; those that follow are of one task alone.
    worker_deaths: int = Field(default=3, ge=2)

    engine_port: Port = 7233
    ui_port: Port = 8233

    log_level: Annotated[Literal["debug", "info", "warning", "error"], Lowercase] = "info"
    log_format: Annotated[Literal["json", "console"], Lowercase] = "console"

    @property
    def resolved_database_url(self) -> str:
        """Where the service's own database is: as set, or else a SQLite file in the state directory."""
        return self.database_url or sqlite_address(self.database_file)

    @property
    def database_file(self) -> Path:
        """Where the embedded database is, if none is set."""
        return self.state_dir.absolute() / "mainspring.db"
