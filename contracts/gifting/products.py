"""The jobs of a product: enriching and embedding it."""

from datetime import timedelta
from typing import Annotated

from pydantic import StringConstraints

from mainspring.contracts.fields import Id, in_words
from mainspring.contracts.message import Message

# The names of the jobs are on the wire.
ENRICH_PRODUCT_JOB = "enrich-product"
EMBED_PRODUCT_JOB = "embed-product"

# A CMS saves a product several times while somebody edits it: what comes within this time is one change.
PRODUCT_QUIET = timedelta(seconds=2)

# Such as "product.changed", "import" or "manual".
Trigger = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9._-]{0,49}$"),
    in_words("a word in lower case such as product.changed or manual"),
]
PromptVersion = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$"),
    in_words("the version of a prompt such as v1"),
]


class EnrichProduct(Message):
    """Have a model say for whom and for what a product is a gift.

    What is enriched already from the same text, by the same prompt and model, is skipped unless `force`.
    """

    product_id: Id
    triggered_by: Trigger | None = None
    prompt_version: PromptVersion | None = None
    force: bool = False


class EmbedProduct(Message):
    """Turn a product's text into a vector; a text that has not changed is skipped unless `force`."""

    product_id: Id
    triggered_by: Trigger | None = None
    force: bool = False
