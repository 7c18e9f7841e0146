"""What everything costs: synthetic, a pure function of the seed, the variant and the step."""

from hashlib import blake2b

from mainspring.emulators.justtcg.catalogue import ListedSet, ListedVariant, catalogue

# Cents of an ordinary near-mint card; the rest of the scale is invented around these.
USUAL_CENTS = {
    "Basic": 12,
    "Basic Land": 12,
    "Common": 18,
    "Uncommon": 45,
    "Rare": 220,
    "Mythic Rare": 950,
    "Token": 8,
}
WORTH = {
    "Near Mint": 1.0,
    "Lightly Played": 0.86,
    "Moderately Played": 0.7,
    "Heavily Played": 0.52,
    "Damaged": 0.35,
}
FOIL = 2.4

CHASED = 0.002  # the share of cards that cost thousands of dollars
UNPRICED = 0.01  # the share of variants that nobody offers at a step
SWING = 0.3  # how far a price strays from its mean, either way, as a share of it
LONGEST_STILLNESS = 3  # a variant's price moves every first, second or third step


class Prices:
    """The prices at `step`, which only moves forward. Two of the same seed and step agree on every price."""

    def __init__(self, seed: int = 0, step: int = 0) -> None:
        self._set_values: dict[tuple[str, int], int] = {}
        self.seed = seed
        self.step = step

    def cents(self, variant_id: str) -> int | None:
        """Return what the variant (slug, uuid or SKU) costs now; None when nobody offers it."""
        return self.cents_of(catalogue().variants[variant_id])

    def cents_of(self, variant: ListedVariant) -> int | None:
        """Return what the variant costs now; None when nobody offers it."""
        moved_at = str(self.moved_at(variant))
        if self._share("offered", variant.uuid, moved_at) < UNPRICED:
            return None
        tail = self._share("card", variant.card_uuid)
        # A long tail: most cards of a rarity cost about the same, a few twenty times as much.
        mint = USUAL_CENTS[variant.rarity] * (0.5 + 20 * tail**8)
        if self._share("chased", variant.card_uuid) < CHASED:
            mint = 100_000 + 300_000 * tail
        worth = WORTH[variant.condition] * (FOIL if variant.printing == "Foil" else 1)
        swing = 1 + SWING * (2 * self._share("swing", variant.uuid, moved_at) - 1)
        return max(1, round(mint * worth * swing))

    def moved_at(self, variant: ListedVariant) -> int:
        """Return the step at which the price was last set."""
        stillness = 1 + int(LONGEST_STILLNESS * self._share("stillness", variant.uuid))
        return self.step - self.step % stillness

    def set_value_cents(self, listed: ListedSet) -> int:
        """Return what the set's near-mint cards cost together."""
        key = (listed.id, self.step)
        if key not in self._set_values:
            mint = (card.variants[0] for card in listed.cards)
            self._set_values[key] = sum(self.cents_of(variant) or 0 for variant in mint)
        return self._set_values[key]

    def statistics(self, variant: ListedVariant) -> dict[str, float | int | None]:
        """Return the vendor's other figures, plausible and repeatable; some absent, some null."""
        cents = self.cents_of(variant)
        if cents is None:
            return {"priceChange24hr": None, "priceChange7d": None, "avgPrice": None}
        wobble = self._share("wobble", variant.uuid, str(self.moved_at(variant)))
        figures: dict[str, float | int | None] = {
            "priceChange24hr": round(4 * wobble - 2, 2),
            "priceChange7d": round(10 * wobble - 5, 2),
            "avgPrice": round(cents * (0.98 + 0.04 * wobble)) / 100,
            "minPrice7d": round(cents * 0.93) / 100,
            "maxPrice7d": round(cents * 1.06) / 100,
            "priceChangesCount7d": int(7 * wobble),
            "trendSlope7d": round(wobble - 0.5, 4),
            "priceChange30d": round(24 * wobble - 12, 2),
            "avgPrice30d": round(cents * (0.95 + 0.1 * wobble)) / 100,
            "minPriceAllTime": round(cents * 0.4) / 100,
            "maxPriceAllTime": round(cents * 2.5) / 100,
            "priceRelativeTo30dRange": round(wobble, 3),
        }
        if wobble < 0.3:  # noqa: PLR2004  # an invented share: a young listing has no month behind it
            figures["priceChange30d"] = None
            del figures["avgPrice30d"], figures["priceRelativeTo30dRange"]
        return figures

    def _share(self, *about: str) -> float:
        """Return a number in [0, 1) that depends on the seed and the words, and on nothing else."""
        digest = blake2b("/".join((str(self.seed), *about)).encode(), digest_size=7).digest()
        return int.from_bytes(digest) / 2**56
