"""The service as its callers see it: one object with the tasks, accounts and schedules behind it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from temporalio.client import Client

from mainspring.activities.runtime.dispatch import wake_queued
from mainspring.activities.runtime.patience import leave
from mainspring.client.account_lists import AccountLists
from mainspring.client.accounts import Accounts
from mainspring.client.api_keys import ApiKeys, KeyRing
from mainspring.client.audit import Audit
from mainspring.client.cancelling import Cancelling
from mainspring.client.card_keys import CardKeys
from mainspring.client.card_start_checks import card_start_checks
from mainspring.client.devices import Devices
from mainspring.client.effects import Effects
from mainspring.client.encryption import Encryption
from mainspring.client.failures import Failures
from mainspring.client.gifting.collections import GiftCollections
from mainspring.client.gifting.models import Models
from mainspring.client.gifting.occasions import Occasions
from mainspring.client.gifting.product_changes import ProductChanges
from mainspring.client.gifting.products import Products
from mainspring.client.gifting.profiles import TasteProfiles
from mainspring.client.gifting.recommendations import Recommender
from mainspring.client.jobs import Jobs
from mainspring.client.ledger import opened_database
from mainspring.client.media_start_checks import MEDIA_START_CHECKS
from mainspring.client.other_ledger import LedgerCheck
from mainspring.client.people import People
from mainspring.client.quotas import Quotas
from mainspring.client.schedules import Schedules
from mainspring.client.shop import Shop
from mainspring.client.starts import Starts
from mainspring.client.task_tokens import TaskTokens
from mainspring.client.tasks.queries import Tasks
from mainspring.client.tasks.watching import Watching
from mainspring.client.webhooks import WebhookSubscriptions
from mainspring.client.wishlist_checks import WishlistChecks
from mainspring.client.wishlists import Wishlists
from mainspring.client.workspaces import checked_workspace
from mainspring.config.connect import connect
from mainspring.config.gateways.cards import default_credential
from mainspring.config.secrets import check_sealing_key, link_keys, sealing_keys, secret_box
from mainspring.config.settings import Settings
from mainspring.gateways.clock import Clock, SystemClock
from mainspring.gateways.temporal import PATIENCE, TemporalGateway
from mainspring.storage.database import Database


@dataclass(frozen=True)
class Service:
    """What `open_service` gives. Everything is that of one workspace but what is the installation's.

    That is the schedules, the encryption, the platform's keys with their audit log, the key ring, and what
    looks at the tasks of all open streams.
    """

    workspace: str
    settings: Settings
    database: Database
    temporal_client: Client
    temporal: TemporalGateway
    clock: Clock
    ledger_check: LedgerCheck
    jobs: Jobs
    starts: Starts
    cancelling: Cancelling
    failures: Failures
    accounts: Accounts
    account_lists: AccountLists
    webhooks: WebhookSubscriptions
    schedules: Schedules
    effects: Effects
    encryption: Encryption
    api_keys: ApiKeys
    platform_keys: ApiKeys
    key_ring: KeyRing
    audit: Audit
    platform_audit: Audit
    task_tokens: TaskTokens
    quotas: Quotas
    models: Models
    watching: Watching
    shop: Shop
    people: People
    wishlists: Wishlists
    wishlist_checks: WishlistChecks
    taste_profiles: TasteProfiles
    products: Products
    product_changes: ProductChanges
    recommender: Recommender
    occasions: Occasions
    gift_collections: GiftCollections
    devices: Devices

    @property
    def tasks(self) -> Tasks:
        """Where tasks are looked at."""
        return self.jobs.tasks

    def within(self, workspace: str) -> "Service":
        """Return the service of another workspace, over the same database and Temporal.

        Raises BadInput: when no workspace can have this name.
        """
        workspace = checked_workspace(workspace)
        return _service(
            self.settings, self.database, self.temporal_client, self.temporal, self.clock, workspace
        )


@asynccontextmanager
async def open_service(
    settings: Settings | None = None,
    temporal_client: Client | None = None,
    *,
    workspace: str | None = None,
    create: bool = False,
) -> AsyncIterator[Service]:
    """Open the database, brought to the newest schema, and Temporal, connected to when first needed.

    `workspace` is whose everything is; not given, it is that of the settings, which is `default` by default.

    NothingHere: there is no embedded database in the state directory, which is relative to the working
    directory by default; with `create` one is made. DatabaseAway: the database cannot be reached. Temporal
    may be away: tasks are accepted all the same. SettingsError: the state directory cannot be used, or it has
    no encryption key.
    BadInput: no workspace can have this name.
    """
    settings = settings or Settings.load()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened_database(settings, create=create))
        if not create and settings.database_url is not None:
            check_sealing_key(settings)  # beside a database of the state directory one may be made
        temporal_client = temporal_client or await connect(settings, lazy=True)
        service = service_of(settings, database, temporal_client, SystemClock(), workspace=workspace)
        stack.push_async_callback(leave, service.temporal)
        yield service


def service_of(
    settings: Settings,
    database: Database,
    temporal_client: Client,
    clock: Clock,
    *,
    workspace: str | None = None,
    patience: timedelta = PATIENCE,
) -> Service:
    """Return the service over a database that has the schema, and by a clock.

    A caller that has committed a task waits for a silent Temporal for `patience` at most.

    Raises BadInput: when no workspace can have this name.
    """
    workspace = checked_workspace(settings.workspace if workspace is None else workspace)
    temporal = TemporalGateway(temporal_client, settings.task_queue, patience=patience)
    wake_queued(database, temporal, clock)
    return _service(settings, database, temporal_client, temporal, clock, workspace)


def _service(
    settings: Settings,
    database: Database,
    temporal_client: Client,
    temporal: TemporalGateway,
    clock: Clock,
    workspace: str,
) -> Service:
    box = secret_box(settings)
    ledger_check = LedgerCheck(database, temporal)
    jobs = Jobs(database, temporal, clock, workspace=workspace, box=box, ledger_check=ledger_check)
    card_keys = CardKeys(database, box, default_credential(settings))
    accounts = Accounts(database, temporal, box, clock, card_keys, workspace=workspace)
    own_keys = partial(sealing_keys, settings)
    key_ring = KeyRing(database, own_keys, clock)
    allow_private = settings.webhooks_allow_private
    schedules = Schedules(temporal_client, settings)
    starts = Starts(
        database,
        jobs,
        clock,
        most_active=settings.api_active_tasks,
        checks=card_start_checks(accounts) | MEDIA_START_CHECKS,
    )
    products = Products(database, jobs, clock)
    taste_profiles = TasteProfiles(database, jobs, temporal, clock)
    occasions = Occasions(database, temporal, clock, workspace=workspace)
    return Service(
        workspace=workspace,
        settings=settings,
        database=database,
        temporal_client=temporal_client,
        temporal=temporal,
        clock=clock,
        ledger_check=ledger_check,
        jobs=jobs,
        starts=starts,
        cancelling=Cancelling(database, jobs, temporal, clock),
        failures=Failures(database, jobs, clock),
        accounts=accounts,
        account_lists=AccountLists(database, accounts, workspace=workspace),
        webhooks=WebhookSubscriptions(database, box, clock, allow_private=allow_private, workspace=workspace),
        schedules=schedules,
        effects=Effects(database, jobs, clock),
        encryption=Encryption(database, settings),
        api_keys=ApiKeys(database, own_keys, clock, workspace=workspace),
        platform_keys=ApiKeys(database, own_keys, clock, workspace=None),
        audit=Audit(database, clock, workspace=workspace),
        platform_audit=Audit(database, clock, workspace=None),
        key_ring=key_ring,
        watching=Watching(database),
        task_tokens=TaskTokens(jobs.tasks, key_ring, own_keys, clock),
        quotas=Quotas(database, clock, workspace=workspace),
        models=Models(database, clock, workspace=workspace),
        shop=Shop(database, clock, workspace=workspace),
        people=People(
            database,
            partial(link_keys, settings),
            clock,
            workspace=workspace,
            zones_changed=occasions.follow_zones,
        ),
        wishlists=Wishlists(database, clock, workspace=workspace),
        wishlist_checks=WishlistChecks(schedules, starts, jobs.tasks, temporal),
        taste_profiles=taste_profiles,
        products=products,
        product_changes=ProductChanges(database, products, clock, workspace=workspace),
        recommender=Recommender(database, taste_profiles, workspace=workspace),
        gift_collections=GiftCollections(database, jobs, clock),
        occasions=occasions,
        devices=Devices(database, clock, workspace=workspace),
    )
