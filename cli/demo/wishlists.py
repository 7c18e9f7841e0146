"""The wishlist part of `demo`: products go on sale and come back to stock, and mails tell of it."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from rich.markup import escape

from mainspring.cli.console import FAILED, SUCCESS
from mainspring.cli.demo.following import followed
from mainspring.cli.output import echo, show_table, state_text
from mainspring.cli.stack import Stack
from mainspring.client.service import Service
from mainspring.contracts.effects import EffectState
from mainspring.contracts.message import Message
from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.tasks import Task, TaskState
from mainspring.contracts.wishlist import CheckWishlistSales, CheckWishlistStock, WishedItem
from mainspring.workflows.runtime.job import AnyJob
from mainspring.workflows.wishlist import SALE_CHECK, STOCK_CHECK

if TYPE_CHECKING:
    from mainspring.emulators.smtp import AcceptedMail

PRODUCTS, USERS, WISHES = 300, 900, 3_000
ON_SALE, SOLD_OUT = 24, 12

# A user may hear of a sale and of a return to stock in one demonstration.
NO_COOLDOWN = timedelta(0)

# How long the mails of a check may take to arrive.
PATIENCE = timedelta(minutes=1)

# Of a mail's text, what fits below a table.
SHOWN_LINES = 9


async def run_wishlists(stack: Stack, service: Service) -> int:
    """Run both checks on a shop in which products have come on sale and back; show what arrived."""
    smtp = stack.emulators.smtp
    assert smtp is not None  # noqa: S101  # the demo always runs with emulators
    stock, sales = (
        CheckWishlistStock(user_cooldown=NO_COOLDOWN),
        CheckWishlistSales(user_cooldown=NO_COOLDOWN),
    )
    if not (await service.wishlists.counts())["products"]:
        products = await _open_shop(service)
        # What is sold out has to be seen so, before its return is one.
        await _check(stack, service, STOCK_CHECK, stock)
        await service.shop.store_products(_changed(products))
    tasks = [
        await _check(stack, service, SALE_CHECK, sales),
        await _check(stack, service, STOCK_CHECK, stock),
    ]
    await _until_sent(service)
    rows = [await _row(service, task) for task in tasks]
    show_table(("job", "state", "wishes checked", "notified", "mails", "Temporal events"), rows)
    counts = await service.effects.counts()
    sent = counts.states.get(EffectState.SENT, 0)
    echo(f"{len(smtp.accepted)} mails arrived, {sent} are noted as sent")
    if sent and not smtp.accepted:
        echo(f"nobody is told twice: all {sent:,} were told before")
    _show(smtp.accepted, stack.settings.state_dir / "mails")
    is_good = all(task.state is TaskState.SUCCESS for task in tasks) and len(smtp.counts) == len(
        smtp.accepted
    )
    return SUCCESS if is_good else FAILED


async def _open_shop(service: Service) -> list[Product]:
    """Store products, users and wishes; the same each time."""
    chance = Random(4)  # noqa: S311  # the same shop each time
    products = [_product(number) for number in range(PRODUCTS)]
    await service.shop.store_products(products)
    await service.people.store_users([_user(number) for number in range(USERS)])
    pairs = {(chance.randrange(USERS), chance.randrange(PRODUCTS)) for _ in range(WISHES)}
    wishes = [WishedItem(user_id=f"user-{who}", product_id=f"product-{what}") for who, what in sorted(pairs)]
    await service.wishlists.store_items(wishes)
    echo(f"a shop with {PRODUCTS} products, {USERS} users and {len(wishes):,} wishes")
    return products


def _product(number: int) -> Product:
    return Product(
        id=f"product-{number}",
        name=f"Booster Box No. {number + 1}",
        url=f"https://shop.example/booster-{number + 1}",
        currency="USD",
        price_cents=9_900 + 100 * (number % 40),
        stock=0 if number < SOLD_OUT else 20,
    )


def _user(number: int) -> User:
    return User(
        id=f"user-{number}",
        email=f"collector{number}@example.org",
        name=f"Collector {number + 1}",
        locale="de" if number % 10 == 0 else "en",
    )


def _changed(products: Sequence[Product]) -> list[Product]:
    """Return those that were sold out with stock, and some others with a sale price."""
    back = [each.model_copy(update={"stock": 20}) for each in products[:SOLD_OUT]]
    on_sale = [
        each.model_copy(update={"sale_price_cents": each.price_cents * 3 // 4})
        for each in products[SOLD_OUT : SOLD_OUT + ON_SALE]
    ]
    return back + on_sale


async def _check(stack: Stack, service: Service, job: AnyJob, rules: Message) -> Task:
    started = await service.jobs.start(job, rules, triggered_by="demo")
    return await followed(stack, service.tasks, started.id)


async def _until_sent(service: Service) -> None:
    async with asyncio.timeout(PATIENCE.total_seconds()):
        # The ledger tells nobody; a person sees no difference below a tenth of a second.
        while set((await service.effects.counts()).states) - {EffectState.SENT, EffectState.WITHDRAWN}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _row(service: Service, task: Task) -> tuple[str, ...]:
    result = task.result or {}
    events = await service.temporal.history_length(task.workflow_id, task.run_id)
    counts = (str(result.get(name, "")) for name in ("checked", "notified", "mails"))
    return (task.job, state_text(task.state), *counts, str(events))


def _show(mails: Sequence["AcceptedMail"], folder: Path) -> None:
    """Print one mail of each kind, and keep its HTML."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, AcceptedMail] = {}
    numbers: Counter[str] = Counter()
    for mail in mails:
        kind = _kind(mail)
        numbers[kind] += 1
        kinds.setdefault(kind, mail)
    for kind, mail in sorted(kinds.items()):
        page = folder / f"{kind}.html"
        page.write_text(mail.part("html"), encoding="utf-8")
        text = [line for line in mail.part("plain").splitlines() if line.strip()]
        shown = [str(mail.message["Subject"]), *text[:SHOWN_LINES]]
        echo(f"\n[bold]{numbers[kind]} {kind}[/]; the first one's HTML is {escape(str(page))}")
        echo(escape("\n".join(f"  | {line}" for line in shown)))


def _kind(mail: "AcceptedMail") -> str:
    """Return which of the templates a mail is made from, by the products in it."""
    products = {int(number) for number in re.findall(r"/booster-(\d+)", mail.part("plain"))}
    if len(products) > 1:
        return "digest"
    return "back-in-stock" if max(products) <= SOLD_OUT else "sale"
