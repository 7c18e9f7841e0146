"""What a model says of a product as a gift, and what enriching and embedding come to."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field

from mainspring.contracts.message import Message
from mainspring.contracts.text import storable

LONGEST_WORD = 60
LONGEST_DESCRIPTION = 400


class OccasionKind(StrEnum):
    """What a gift is for."""

    BIRTHDAY = "birthday"
    CHRISTMAS = "christmas"
    WEDDING = "wedding"
    ANNIVERSARY = "anniversary"
    VALENTINES_DAY = "valentines_day"
    MOTHERS_DAY = "mothers_day"
    FATHERS_DAY = "fathers_day"
    HOUSEWARMING = "housewarming"
    GRADUATION = "graduation"
    BABY = "baby"
    THANK_YOU = "thank_you"
    JUST_BECAUSE = "just_because"


class PriceBand(StrEnum):
    """What a gift costs, roughly, in major units of its currency."""

    UNKNOWN = "unknown"
    UNDER_25 = "under_25"
    FROM_25 = "from_25"
    FROM_50 = "from_50"
    FROM_100 = "from_100"
    FROM_250 = "from_250"


def _tidy(value: Any) -> Any:
    return " ".join(storable(value).split()) if isinstance(value, str) else value


def _small(words: list[str]) -> list[str]:
    return list(dict.fromkeys(word.casefold() for word in words if word))


Word = Annotated[str, BeforeValidator(_tidy), Field(max_length=LONGEST_WORD)]
Words = Annotated[list[Word], Field(max_length=10), AfterValidator(_small)]


class GiftView(BaseModel):
    """The structure of the model's answer: for whom, and for what, a product is a gift."""

    gift_tags: Annotated[Words, Field(description="What kind of gift it is, in one or two words each")]
    occasion_fit: Annotated[list[OccasionKind], Field(max_length=12, description="What it is a gift for")]
    style_tags: Annotated[Words, Field(description="How it looks and feels, in one word each")]
    short_description: Annotated[
        str,
        BeforeValidator(_tidy),
        Field(min_length=1, max_length=LONGEST_DESCRIPTION, description="One sentence for the giver"),
    ]
    recipient_traits: Annotated[Words, Field(description="What the recipient is like, in one word each")]
    recipient_interests: Annotated[Words, Field(description="What the recipient likes to do")]


class Enrichment(Message):
    """What is known of a product as a gift: by which model and prompt, of which text."""

    product_id: str
    text_hash: str
    prompt_version: str
    model: str
    gift_tags: tuple[str, ...] = ()
    occasion_fit: tuple[str, ...] = ()
    style_tags: tuple[str, ...] = ()
    short_description: str = ""
    recipient_traits: tuple[str, ...] = ()
    recipient_interests: tuple[str, ...] = ()
    price_band: PriceBand = PriceBand.UNKNOWN
    updated_at: AwareDatetime

    @property
    def tags(self) -> tuple[str, ...]:
        """All words that are embedded, beside the description."""
        occasions = tuple(each.replace("_", " ") for each in self.occasion_fit)
        return self.gift_tags + occasions + self.style_tags + self.recipient_traits + self.recipient_interests


class WhySkipped(StrEnum):
    """Why nothing was done about a product. None of them is a failure."""

    ALREADY_ENRICHED = "already-enriched"
    """The same text was enriched before, by the same prompt and model."""
    UNCHANGED_HASH = "unchanged-hash"
    """The same text was embedded before, by the same model."""
    NOT_FOUND = "product-not-found"
    """There is no such product, or no longer."""
    NOT_SHOWN = "product-not-shown"
    """The product is not published, or not visible."""


class ProductEnriched(Message):
    """What became of an enrichment; `skipped` says why nothing was asked."""

    skipped: WhySkipped | None = None
    prompt_version: str | None = None
    model: str | None = None
    text_hash: str | None = None
    cost_micros: int = 0


class ProductEmbedded(Message):
    """What became of an embedding; `skipped` says why nothing was embedded."""

    skipped: WhySkipped | None = None
    model: str | None = None
    text_hash: str | None = None
