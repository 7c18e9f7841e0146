"""What the emulator sells: one game, its sets, cards and variants, the same in every run. No prices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from uuid import UUID

from mainspring.emulators.justtcg.printed import PrintedCard, printed_cards

GAME_ID, GAME_NAME = "magic-the-gathering", "Magic: The Gathering"

CONDITIONS = ("Near Mint", "Lightly Played", "Moderately Played", "Heavily Played", "Damaged")
PRINTINGS = ("Normal", "Foil")

# Cards that exist on screen or as tokens only were never printed in foil.
NEVER_FOIL = frozenset(("ANA", "W17"))

# The namespace of every uuid here, so that they are the same in every run.
UUIDS = UUID("0d9a5c1e-43a1-5be3-8f0e-6a7573747463")

# (module of mtga.set_data, code in it, name, day of release)
SETS = (
    ("xln", "XLN", "Ixalan", "2017-09-29"),
    ("rix", "RIX", "Rivals of Ixalan", "2018-01-19"),
    ("dom", "DAR", "Dominaria", "2018-04-27"),
    ("m19", "M19", "Core Set 2019", "2018-07-13"),
    ("ana", "ANA", "Arena New Player Experience", "2018-07-14"),
    ("grn", "GRN", "Guilds of Ravnica", "2018-10-05"),
    ("rna", "RNA", "Ravnica Allegiance", "2019-01-25"),
    ("war", "WAR", "War of the Spark", "2019-05-03"),
    ("m20", "M20", "Core Set 2020", "2019-07-12"),
    ("eld", "ELD", "Throne of Eldraine", "2019-10-04"),
    ("kld", "KLD", "Kaladesh", "2016-09-30"),
    ("aer", "AER", "Aether Revolt", "2017-01-20"),
    ("akh", "AKH", "Amonkhet", "2017-04-28"),
    ("hou", "HOU", "Hour of Devastation", "2017-07-14"),
    ("w17", "W17", "Welcome Deck 2017", "2017-04-15"),
    ("bfz", "BFZ", "Battle for Zendikar", "2015-10-02"),
    ("mi", "MI", "Mirage", "1996-10-08"),
    ("roe", "ROE", "Rise of the Eldrazi", "2010-04-23"),
    ("rtr", "RTR", "Return to Ravnica", "2012-10-05"),
)


@dataclass(frozen=True, slots=True)
class ListedVariant:
    """A condition and printing that is for sale."""

    uuid: str
    id: str
    card_uuid: str
    rarity: str
    condition: str
    printing: str
    sku: str


@dataclass(frozen=True, slots=True)
class ListedCard:
    """A card with everything for sale of it."""

    uuid: str
    id: str
    name: str
    set_id: str
    set_name: str
    number: str | None
    rarity: str
    tcgplayer_id: str
    details: str
    variants: tuple[ListedVariant, ...]


@dataclass(frozen=True, slots=True)
class ListedSet:
    """A set with its cards; `release_date` is an ISO day."""

    id: str
    name: str
    release_date: str
    cards: tuple[ListedCard, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything for sale; `variants` are found by slug, by uuid and by SKU, `cards` by slug and by uuid."""

    sets: Mapping[str, ListedSet]
    cards: Mapping[str, ListedCard]
    variants: Mapping[str, ListedVariant]
    card_of: Mapping[str, ListedCard]

    @property
    def variant_ids(self) -> tuple[str, ...]:
        """The slug of every variant, in the order of the sets."""
        return tuple(
            variant.id for each in self.sets.values() for card in each.cards for variant in card.variants
        )


def slug(*words: str) -> str:
    """Return the words as the vendor writes them in an id: lower case, joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


# What the id of each variant ends with; there are ten, and thirty thousand variants.
ENDINGS = {
    (printing, condition): f"_{slug(condition)}_{slug(printing)}"
    for printing in PRINTINGS
    for condition in CONDITIONS
}


def uuid_of(name: str) -> str:
    """Return what `str(uuid5(UUIDS, name))` does, in a third of the time."""
    digest = bytearray(sha1(UUIDS.bytes + name.encode()).digest()[:16])  # noqa: S324  # as RFC 9562 has it
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@cache
def catalogue() -> Catalogue:
    """Return everything for sale; read once a process, in a few tenths of a second."""
    names = {code: name for _, code, name, _ in SETS}
    cards: dict[str, ListedCard] = {}
    of_set: dict[str, list[ListedCard]] = {code: [] for code in names}
    for index, printed in enumerate(printed_cards(tuple(module for module, *_ in SETS))):
        if printed.set_code not in names:
            continue
        card = _listed(printed, names[printed.set_code], index, cards)
        cards[card.id] = card
        of_set[printed.set_code].append(card)
    sets = [
        ListedSet(slug(name, GAME_ID), name, released, tuple(of_set[code]))
        for _, code, name, released in SETS
    ]
    return Catalogue(
        sets={each.id: each for each in sets},
        cards=cards | {card.uuid: card for card in cards.values()},
        variants={
            key: variant
            for card in cards.values()
            for variant in card.variants
            for key in (variant.id, variant.uuid, variant.sku)
        },
        card_of={variant.uuid: card for card in cards.values() for variant in card.variants},
    )


def _listed(printed: PrintedCard, set_name: str, index: int, taken: Mapping[str, ListedCard]) -> ListedCard:
    card_id = slug(GAME_ID, set_name, printed.name, printed.rarity)
    if card_id in taken:  # basic lands and tokens share a name; their number tells them apart
        card_id = f"{card_id}-{printed.number or index}"
    if card_id in taken:
        card_id = f"{card_id}-{index}"
    uuid = uuid_of(card_id)
    return ListedCard(
        uuid=uuid,
        id=card_id,
        name=printed.name,
        set_id=slug(set_name, GAME_ID),
        set_name=set_name,
        number=printed.number,
        rarity=printed.rarity,
        tcgplayer_id=str(150_000 + index),
        details=printed.kind,
        variants=tuple(_variants(printed, card_id, uuid, index)),
    )


def _variants(printed: PrintedCard, card_id: str, card_uuid: str, index: int) -> list[ListedVariant]:
    is_foiled = printed.set_code not in NEVER_FOIL and printed.rarity != "Token"
    variants: list[ListedVariant] = []
    for printing in PRINTINGS if is_foiled else PRINTINGS[:1]:
        for condition in CONDITIONS:
            variant_id = card_id + ENDINGS[printing, condition]
            variants.append(
                ListedVariant(
                    uuid=uuid_of(variant_id),
                    id=variant_id,
                    card_uuid=card_uuid,
                    rarity=printed.rarity,
                    condition=condition,
                    printing=printing,
                    sku=str(4_000_000 + 10 * index + len(variants)),
                )
            )
    return variants
