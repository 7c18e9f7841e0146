"""The band of prices that a product is in: computed, for a model would only guess."""

from mainspring.contracts.gifting.enrichment import PriceBand
from mainspring.contracts.shop.catalogue import CatalogueProduct

# From so many major units on.
BANDS = (
    (250, PriceBand.FROM_250),
    (100, PriceBand.FROM_100),
    (50, PriceBand.FROM_50),
    (25, PriceBand.FROM_25),
    (0, PriceBand.UNDER_25),
)

# Minor units of a major one: ISO 4217, of the currencies that have no hundredths.
WHOLE = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THOUSANDTHS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


def price_band(product: CatalogueProduct) -> PriceBand:
    """Return the band of a product's price, or of its cheapest variant's."""
    priced = [(product.price_cents, product.currency)]
    if product.price_cents is None:
        priced = [(each.price_cents, each.currency) for each in product.variants]
    prices = [cents / _minor_units(currency) for cents, currency in priced if cents is not None]
    if not prices:
        return PriceBand.UNKNOWN
    return next(band for least, band in BANDS if min(prices) >= least)


def _minor_units(currency: str | None) -> int:
    if currency in WHOLE:
        return 1
    return 1000 if currency in THOUSANDTHS else 100
