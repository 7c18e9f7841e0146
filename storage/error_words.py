"""What the words of a database's error may tell: names of tables and columns, and no value of a row.

Such an error is logged, stored, and told to webhooks. SQLAlchemy hides the parameters of a statement; what
the database itself says of them is taken out here.
"""

import re
from collections.abc import Iterator
from typing import Any

# asyncpg: invalid input for query argument $1: 'a@b.example' ('str' object cannot be …)
# PostgreSQL: invalid input syntax for type integer: "a"; value "a" is out of range for type integer
VALUE = re.compile(
    r"(?P<before>query argument \$\d+: ).*(?= \()"
    r"|(?P<named>\b(?:invalid|out of range)\b[^\"]*: )\".*\""
    r"|(?P<value>\bvalue )\".*\"(?= is out of range)",
    re.DOTALL,
)


def without_values(error: BaseException) -> None:
    """Take the values of rows out of what an error, and those that it came from, say of themselves."""
    for each in _chain(error):
        _forget_detail(each)
        each.args = tuple(_scrubbed(part) if isinstance(part, str) else part for part in each.args)


def _forget_detail(error: Any) -> None:
    # "Key (email)=(a@b.example) already exists.", "Failing row contains (…)." are PostgreSQL's details.
    if isinstance(getattr(error, "detail", None), str) and hasattr(error, "sqlstate"):
        error.detail = None


def _scrubbed(text: str) -> str:
    return VALUE.sub(lambda found: f"{found['before'] or found['named'] or found['value']}…", text)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__
