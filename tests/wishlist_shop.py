"""A shop in which anything happens at any time: told to the database and to the oracle alike."""

from datetime import datetime, timedelta
from random import Random

from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.wishlist import WishedItem
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database, Session
from mainspring.storage.people import UserRepository
from mainspring.storage.shop import ProductRepository
from mainspring.storage.wishlist import WishRepository
from tests.shop import product, user
from tests.wishlist_oracle import Oracle
from tests.wishlist_records import SALE, STOCK, OracleProduct, OracleUser, OracleWish

HOUR = timedelta(hours=1)

# Of a hundred products and users, so many change from one moment to the next.
CHANGED_PRODUCTS = 33
CHANGED_USERS = 3
CHANGED_WISHES = 6

KINDS = (
    *("price", "no sale", "window"),
    *("sale", "sale"),
    *("deeper", "deeper", "deeper"),
    *("stock", "stock", "stock", "stock"),
)

# One product in so many is wished for by many.
POPULAR_ONE_IN = 50


class RandomShop:
    """Products, users and wishes, and what becomes of them."""

    def __init__(self, chance: Random, database: Database, oracle: Oracle, products: int) -> None:
        self._chance = chance
        self._database = database
        self._oracle = oracle
        self._products = [product(number) for number in range(products)]
        self._users = [user(number) for number in range(max(20, products // 2))]

    async def open(self, now: datetime) -> None:
        """Store products with wishes for them, some of which are older than the others."""
        wishes = []
        for number in range(len(self._products)):
            count = 15 if number % POPULAR_ONE_IN == 0 else self._chance.choice((1, 1, 1, 2, 2, 3, 4))
            wishes += [
                self._wish(self._products[number], each, now)
                for each in self._chance.sample(self._users, count)
            ]
        await self._tell([self._changed(each, now) for each in self._products], self._users, wishes, (), now)

    async def change(self, now: datetime) -> None:
        """Let something happen to some of them."""
        chance = self._chance
        products = [
            self._changed(each, now) for each in self._products if chance.randrange(100) < CHANGED_PRODUCTS
        ]
        users = [
            each.model_copy(update={chance.choice(("sale_alerts", "stock_alerts")): chance.random() < 0.7})
            for each in self._users
            if chance.randrange(100) < CHANGED_USERS
        ]
        some = [each for each in self._products if chance.randrange(100) < CHANGED_WISHES]
        there = [
            (each.id, chance.choice(sorted(of))) for each in some if (of := self._oracle.wishes[each.id])
        ]
        removed = [pair for pair in there if chance.random() < 0.4]
        again = [pair for pair in there if chance.random() < 0.4]
        known = {each.id: each for each in self._products}, {each.id: each for each in self._users}
        wishes = [self._wish(known[0][pair[0]], known[1][pair[1]], now) for pair in again]
        wishes += [self._wish(each, chance.choice(self._users), now) for each in some]
        await self._tell(products, users, wishes, removed, now)
        await self._unsubscribe(chance.sample(self._users, len(self._users) // 100), now)

    def _wish(self, product: Product, user: User, now: datetime) -> WishedItem:
        chance = self._chance
        says_price, says_time = chance.random() < 0.3, chance.random() < 0.5
        return WishedItem(
            user_id=user.id,
            product_id=product.id,
            notify_on_sale=chance.random() < 0.9,
            notify_on_stock=chance.random() < 0.9,
            price_when_added_cents=chance.randrange(5_000, 15_000, 500) if says_price else None,
            added_at=now - chance.randrange(100) * HOUR if says_time else None,
        )

    def _changed(self, each: Product, now: datetime) -> Product:
        """Change one thing, or two."""
        chance = self._chance
        for _ in range(chance.choice((1, 1, 2))):
            each = each.model_copy(update=self._change(each, now))
        return each

    def _change(self, each: Product, now: datetime) -> dict[str, object]:
        chance, sale_price = self._chance, each.sale_price_cents
        match chance.choice(KINDS):
            case "price":
                return {"price_cents": each.price_cents * chance.choice((70, 90, 95, 105, 110, 140)) // 100}
            case "no sale":
                return {"sale_price_cents": None}
            case "deeper" if sale_price is not None:
                return {"sale_price_cents": sale_price * chance.choice((80, 94, 95, 96, 99, 105, 130)) // 100}
            case "window":
                return self._window(now)
            case "stock":
                return {"stock": chance.choice((0, 0, 1, 2, 50) if each.stock else (1, 1, 2, 5))}
        return {"sale_price_cents": each.price_cents * chance.choice((50, 70, 90, 95, 96, 100, 110)) // 100}

    def _window(self, now: datetime) -> dict[str, object]:
        """Return a window that is over, open or to come, or open on a side."""
        begins = now + self._chance.randrange(-48, 12) * HOUR
        ends = begins + self._chance.randrange(1, 96) * HOUR
        return {
            "sale_starts_at": self._chance.choice((None, begins)),
            "sale_ends_at": self._chance.choice((None, ends)),
        }

    async def _tell(
        self,
        products: list[Product],
        users: list[User],
        wishes: list[WishedItem],
        removed: list[tuple[str, str]] | tuple[()],
        now: datetime,
    ) -> None:
        # Of two wishes for the same the last one counts, as said by the platform.
        wishes = list({(each.product_id, each.user_id): each for each in wishes}.values())

        async def write(session: Session) -> None:
            await ProductRepository(session, DEFAULT_WORKSPACE).store(products, now=now)
            await UserRepository(session, DEFAULT_WORKSPACE).store(users, now=now)
            await WishRepository(session, DEFAULT_WORKSPACE).remove(removed)
            assert [] == await WishRepository(session, DEFAULT_WORKSPACE).store(wishes, now=now)

        await self._database.transact(write)
        new_products, new_users = {each.id: each for each in products}, {each.id: each for each in users}
        self._products = [new_products.get(each.id, each) for each in self._products]
        self._users = [new_users.get(each.id, each) for each in self._users]
        for each in products:
            self._tell_product(each)
        for someone in users:
            who = self._oracle.users.setdefault(someone.id, OracleUser())
            # What a user's entry leaves out stays as it is; at first it is true.
            said = {"sale_alerts": SALE, "stock_alerts": STOCK}
            says = {
                kind: getattr(someone, name)
                for name, kind in said.items()
                if name in someone.model_fields_set
            }
            who.wants = {SALE: True, STOCK: True} | who.wants | says
        for product_id, user_id in removed:
            del self._oracle.wishes[product_id][user_id]
        for wish in wishes:
            self._tell_wish(wish, now)

    def _tell_product(self, product: Product) -> None:
        known = self._oracle.products.setdefault(product.id, OracleProduct())
        known.price, known.sale_price = product.price_cents, product.sale_price_cents
        known.sale_starts, known.sale_ends = product.sale_starts_at, product.sale_ends_at
        known.stock = product.stock
        self._oracle.wishes.setdefault(product.id, {})

    def _tell_wish(self, wish: WishedItem, now: datetime) -> None:
        """Store a wish as it is said; what is not said stays, or is the present."""
        wishes, product = self._oracle.wishes[wish.product_id], self._oracle.products[wish.product_id]
        there = wishes.get(wish.user_id) or OracleWish(now, product.price_at(now), {})
        if wish.price_when_added_cents is not None:
            there.price = wish.price_when_added_cents
        there.added_at = wish.added_at or there.added_at
        there.wants = {SALE: wish.notify_on_sale, STOCK: wish.notify_on_stock}
        wishes[wish.user_id] = there

    async def _unsubscribe(self, users: list[User], now: datetime) -> None:
        gone = {each.id: self._chance.choice((SALE, STOCK)) for each in users}

        async def write(session: Session) -> None:
            for user_id, kind in gone.items():
                shop = UserRepository(session, DEFAULT_WORKSPACE)
                alert = "sale_alerts" if kind == SALE else "stock_alerts"
                await shop.switch_off(user_id, [alert], now=now)

        await self._database.transact(write)
        for user_id, kind in gone.items():
            self._oracle.users[user_id].wants[kind] = False
