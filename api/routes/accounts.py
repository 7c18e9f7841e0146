"""Accounts that track cards: what they are, what they follow, what they hold."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, SecretStr

from mainspring.api.callers import Admin, Observer, Operator
from mainspring.api.models import Body, Limit, Page, Text
from mainspring.api.rows import page_of
from mainspring.client.views import account_view
from mainspring.contracts.fields import Id
from mainspring.domain.cards import Account

routes = APIRouter(prefix="/accounts", tags=["cards"])

AccountId = Annotated[UUID, Path(description="The id of an account.")]
Plan = Annotated[
    str,
    Field(max_length=50, description="Free Tier, Starter, Professional or Enterprise.", examples=["Starter"]),
]
AnchorDay = Annotated[int, Field(ge=1, le=31, description="The day of the month on which the quota renews.")]
ApiKey = Annotated[
    SecretStr, Field(min_length=1, max_length=1_000, description="The account's own key; never shown.")
]


class AccountView(BaseModel):
    """An account; of its key only whether it has one of its own."""

    id: UUID
    name: str
    plan: str
    anchor_day: int
    has_own_key: bool


class NewAccount(Body):
    """An account to add. Without a key of its own it uses the installation's default key."""

    name: Id
    plan: Plan = "Free Tier"
    anchor_day: AnchorDay = 1
    api_key: ApiKey | None = None


class NewPlan(Body):
    """A new plan; without a day, the quota renews when it did before."""

    plan: Plan
    anchor_day: AnchorDay | None = None


class NewKey(Body):
    """A key of the account's own, or null for the default key."""

    api_key: ApiKey | None


class TasksTold(BaseModel):
    """How many tasks that waited for the account's quota were told to go on."""

    tasks_told: int


@routes.get("", operation_id="list_accounts")
async def list_accounts(
    who: Observer,
    *,
    after: Annotated[Text | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[AccountView]:
    """List accounts in the order of their names."""
    found = await who.service.account_lists.accounts(after=after or "", limit=limit + 1)
    return page_of([_view(each) for each in found], limit, lambda each: each.name)


@routes.post("", status_code=201, operation_id="add_account")
async def add_account(who: Operator, body: NewAccount) -> AccountView:
    """Add an account. A name is taken once in a workspace."""
    account = await who.service.accounts.add(
        body.name, plan=body.plan, anchor_day=body.anchor_day, api_key=_text(body.api_key)
    )
    view = _view(account)
    await who.audit(f"account {account.id}", after=view)
    return view


@routes.get("/{account_id}", operation_id="get_account")
async def get_account(who: Observer, account_id: AccountId) -> AccountView:
    """Return an account."""
    return _view(await who.service.accounts.find(str(account_id)))


@routes.put("/{account_id}/plan", operation_id="change_account_plan")
async def change_account_plan(who: Operator, account_id: AccountId, body: NewPlan) -> TasksTold:
    """Note an account's new plan, and wake its tasks that wait for the old plan's quota."""
    told = await who.service.accounts.change_plan(str(account_id), body.plan, body.anchor_day)
    await who.audit(f"account {account_id}", after=body)
    return TasksTold(tasks_told=told)


@routes.put("/{account_id}/key", operation_id="set_account_key")
async def set_account_key(who: Admin, account_id: AccountId, body: NewKey) -> TasksTold:
    """Give an account a key of its own, or take the key away; wake its tasks that wait for quota."""
    told = await who.service.accounts.set_api_key(str(account_id), _text(body.api_key))
    await who.audit(f"account {account_id}", after={"has_own_key": body.api_key is not None})
    return TasksTold(tasks_told=told)


@routes.post("/{account_id}/lift-block", operation_id="lift_account_block")
async def lift_account_block(who: Operator, account_id: AccountId) -> TasksTold:
    """Let the requests of an account's key leave again, and wake the tasks that wait for the key's quota."""
    told = await who.service.accounts.lift_block(str(account_id))
    await who.audit(f"account {account_id}")
    return TasksTold(tasks_told=told)


def _view(account: Account) -> AccountView:
    return AccountView(**account_view(account))


def _text(key: SecretStr | None) -> str | None:
    return None if key is None else key.get_secret_value()
