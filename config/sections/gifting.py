"""Gifting: whom to believe what is told of products."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr
from pydantic_settings import NoDecode

from mainspring.config.sections.values import Separated
from mainspring.contracts.workspaces import check_workspace
from mainspring.gateways.signed_bodies import Signer, key_of

# Standard Webhooks asks for 24 bytes; what a CMS has set by hand may be shorter, but no word.
SHORTEST_SECRET = 16

# Each is tried for each call.
MOST_SECRETS = 100


def _signer(entry: str) -> Signer:
    workspace, _, secret = entry.partition("=")
    return Signer(check_workspace(workspace), secret)


def _check_secret(value: SecretStr) -> SecretStr:
    try:
        is_long = len(key_of(_signer(value.get_secret_value()).secret)) >= SHORTEST_SECRET
    except ValueError:
        is_long = False
    if not is_long:
        raise ValueError(
            f"Input should be WORKSPACE=SECRET, several separated by commas; a secret has {SHORTEST_SECRET} "
            "bytes or more, or is whsec_ and base64 of as many"
        )
    return value


def _check_apart(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    owners: dict[bytes, str] = {}
    for signer in map(_signer, (each.get_secret_value() for each in values)):
        if owners.setdefault(key_of(signer.secret), signer.name) != signer.name:
            raise ValueError("Input should have another secret for each workspace")
    return values


SignerSecret = Annotated[SecretStr, AfterValidator(_check_secret)]


class GiftingSettings(BaseModel):
    """Who may tell of products: the secret says of which workspace. A workspace may have several secrets."""

    gifting_webhook_secrets: Annotated[
        tuple[SignerSecret, ...],
        NoDecode,
        Separated,
        Field(max_length=MOST_SECRETS),
        AfterValidator(_check_apart),
    ] = Field(default=(), repr=False)

    @property
    def gifting_signers(self) -> tuple[Signer, ...]:
        """The secrets, each with its workspace."""
        return tuple(_signer(each.get_secret_value()) for each in self.gifting_webhook_secrets)
