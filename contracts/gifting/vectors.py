"""What vectors are kept of."""

from enum import StrEnum


class VectorKind(StrEnum):
    """Of what a vector is; the subject is then the id of a product, or of a taste profile."""

    PRODUCT = "product"
    PROFILE = "profile"
