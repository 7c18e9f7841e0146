"""Who calls: the key that a request shows, its workspace, and what its role may do."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from mainspring.api.problems import Refused
from mainspring.api.rates import CallRates, check_rate
from mainspring.api.services import Services
from mainspring.client.audit import Snapshot, new_entry
from mainspring.client.service import Service
from mainspring.contracts.api_keys import ApiKey, Role
from mainspring.contracts.audit import NewAuditEntry
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE, LONGEST_WORKSPACE

BEARER = HTTPBearer(
    auto_error=False, scheme_name="key", description="A key made by `mainspring keys create`."
)
# As `checked_workspace` accepts them, in the letters that a header may have.
WORKSPACE_NAME = r"^[!-~\xa1-\xac\xae-\xff]([ -~\xa1-\xac\xae-\xff]*[!-~\xa1-\xac\xae-\xff])?$"

Workspace = Annotated[
    str | None,
    Header(
        alias="Mainspring-Workspace",
        description="In which workspace a platform key works; not given: `default`.",
        min_length=1,
        max_length=LONGEST_WORKSPACE,
        pattern=WORKSPACE_NAME,
    ),
]


@dataclass(frozen=True)
class Caller:
    """Who calls, and the service of the workspace in which the call works.

    `operation` is the id of the operation that is called.
    """

    key: ApiKey
    service: Service
    request_id: str
    operation: str

    @property
    def is_platform(self) -> bool:
        """Whether the key is the platform's, which may look at what is the installation's."""
        return self.key.workspace is None

    @property
    def name(self) -> str:
        """What is written of the caller: by which key a task was started, or a thing was changed."""
        return f"key {self.key.prefix} ({self.key.name})"

    @property
    def sees_payloads(self) -> bool:
        """Whether the caller is shown inputs, results and texts of errors."""
        return self.key.role.covers(Role.VIEWER)

    def demand_platform(self) -> None:
        """Check that the key is the platform's.

        Raises Refused: when the key is of a workspace.
        """
        if not self.is_platform:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                "this is the installation's: it takes a key of the platform",
            )

    def entry(self, subject: str, *, before: Snapshot = None, after: Snapshot = None) -> NewAuditEntry:
        """Return what the audit log says of the call, which changes its subject, such as "task ID".

        Snapshots have no payloads and no secrets.
        """
        return new_entry(
            self.name, self.operation, subject, request_id=self.request_id, before=before, after=after
        )

    async def audit(
        self,
        subject: str,
        *,
        before: Snapshot = None,
        after: Snapshot = None,
        of_installation: bool = False,
    ) -> None:
        """Note in the audit log what `entry` says. `of_installation` is for what belongs to no workspace."""
        audit = self.service.platform_audit if of_installation else self.service.audit
        await audit.note(
            self.name, self.operation, subject, request_id=self.request_id, before=before, after=after
        )


def services_of(request: Request) -> Services:
    """Return the services of the application."""
    services: Services = request.app.state.services
    return services


async def caller(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    workspace: Workspace = None,
) -> Caller:
    """Return who calls.

    Raises Refused: when no valid key is shown, the key is of another workspace than the header's, or
            makes too many calls.
    """
    key = None if bearer is None else await services.first.key_ring.opened_by(bearer.credentials)
    if key is None:
        raise Refused(
            HTTPStatus.UNAUTHORIZED,
            "unauthorized",
            "no valid key: send `Authorization: Bearer KEY` with a key of `mainspring keys create` that has "
            "neither expired nor been revoked",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if key.workspace is not None and workspace not in {None, key.workspace}:
        raise Refused(
            HTTPStatus.FORBIDDEN, "forbidden", "Mainspring-Workspace: the key is of another workspace"
        )
    count_call(request, key.id)
    request.state.key = key
    structlog.contextvars.bind_contextvars(key=key.prefix)
    return Caller(
        key,
        services.within(key.workspace or workspace or DEFAULT_WORKSPACE),
        request_id=request.state.request_id,
        operation=request.scope["route"].operation_id,
    )


def count_call(request: Request, key_id: UUID) -> None:
    """Count a call of a key.

    Raises Refused: when it is one too many.
    """
    rates: CallRates = request.app.state.rates
    rate = rates.count(key_id)
    request.state.headers = rate.headers
    check_rate(rate)


@dataclass(frozen=True)
class AtLeast:
    """Refuses callers whose role may not do what `role` may."""

    role: Role

    async def __call__(self, who: Annotated[Caller, Depends(caller)]) -> Caller:
        """Return who calls.

        Raises Refused: when the role is not enough.
        """
        if not who.key.role.covers(self.role):
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                f"the key is of {_an(who.key.role)}; this takes {_an(self.role)}",
            )
        return who


async def platform(who: Annotated[Caller, Depends(caller)]) -> Caller:
    """Return who calls.

    Raises Refused: when the key is of a workspace.
    """
    who.demand_platform()
    return who


def _an(role: Role) -> str:
    return f"{'a' if role is Role.VIEWER else 'an'} {role}"


Observer = Annotated[Caller, Depends(caller)]
Viewer = Annotated[Caller, Depends(AtLeast(Role.VIEWER))]
Operator = Annotated[Caller, Depends(AtLeast(Role.OPERATOR))]
Admin = Annotated[Caller, Depends(AtLeast(Role.ADMIN))]
Platform = Depends(platform)
