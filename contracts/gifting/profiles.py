"""Taste profiles: what somebody likes, by the answers to a questionnaire, and what is made of the answers."""

import json
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from mainspring.contracts.fields import Cents, Currency, Id, in_words
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import JsonObject

# The job that embeds a profile; its name is wire format.
EMBED_TASTE_PROFILE = "embed-taste-profile"

MOST_QUESTIONS = 100
LONGEST_ANSWERS = 20_000


def _check_answers(answers: dict[str, Any]) -> dict[str, Any]:
    if len(answers) > MOST_QUESTIONS:
        raise ValueError("too many questions")
    try:
        text = json.dumps(answers, allow_nan=False)
    except (TypeError, RecursionError) as error:
        raise ValueError("no JSON") from error
    if len(text) > LONGEST_ANSWERS:
        raise ValueError("too long")
    return answers


Answers = Annotated[
    JsonObject,
    AfterValidator(_check_answers),
    in_words(
        f"a JSON object of at most {MOST_QUESTIONS} questions with their answers, and of at most "
        f"{LONGEST_ANSWERS} characters"
    ),
]


class Facets(Message):
    """What a profile's answers say, in small letters. `other` has the answers to questions that nobody knows.

    The price band is in minor units of `currency`; without one, of whatever currency products have.
    """

    recipient: str | None = None
    age_group: str | None = None
    interests: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    occasions: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    min_price_cents: Cents | None = None
    max_price_cents: Cents | None = None
    currency: Currency | None = None
    notes: str | None = None
    other: dict[str, str] = Field(default_factory=dict)


class CompleteTasteProfile(Message):
    """The answers of a user about what the user, or the recipient of the user's gifts, likes."""

    profile_id: Id
    user_id: Id
    recipient_id: Id | None = None
    answers: Answers


class TasteProfile(Message):
    """What a user likes, or what the recipient of the user's gifts does. One for each pair of them.

    `text_hash` names the text that is to be embedded: what changes the text has the profile embedded again.
    `embedding_task_id` is the task that was started last to do that.
    """

    id: Id
    user_id: Id
    recipient_id: Id | None
    answers: JsonObject
    facets: Facets
    text_hash: str
    embedding_task_id: UUID | None = None
    updated_at: AwareDatetime


class EmbedTasteProfile(Message):
    """Turn the text of a taste profile into a vector, unless it has one of that text."""

    profile_id: Id
    user_id: Id
    recipient_id: Id | None = None


class TasteProfileEmbedded(Message):
    """What became of it: `skipped` says why nothing was embedded ("unchanged-hash", "profile-not-found")."""

    model: str | None = None
    text_hash: str | None = None
    skipped: str | None = None
