"""The questionnaire of a taste profile: which questions are known, and what their answers say.

| question | answer |
|---|---|
| `recipient`, `relationship` | who gets the gift: "my sister", "a hiker" |
| `age` or `age_group` | years, or `baby`, `child`, `teen`, `adult`, `senior` |
| `interests`, `hobbies` | a list, or a text with commas |
| `style`, `styles` | a list, or a text with commas |
| `occasion`, `occasions` | a list, or a text with commas |
| `dislikes`, `avoid` | a list, or a text with commas |
| `budget` | `{"min": 2000, "max": 5000, "currency": "EUR"}` in minor units; one number is the most |
| `price_band` | `small`, `medium`, `large` or `luxury`, where there is no `budget` |
| `notes` | a text |

An answer of another form, and an answer to any other question, is kept in its words.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mainspring.contracts.fields import LARGEST_INTEGER
from mainspring.contracts.gifting.profiles import Facets
from mainspring.contracts.text import UNSTORABLE

# What is read of one answer: a text to embed is no longer than a model reads.
MOST_WORDS = 20
LONGEST_WORD = 100
LONGEST_TEXT = 500
MOST_OTHERS = 20
EMPTY: tuple[Any, ...] = (None, "", [], {})
DEEPEST = 5

LISTS: dict[str, tuple[str, ...]] = {
    "interests": ("interests", "hobbies"),
    "styles": ("style", "styles"),
    "occasions": ("occasion", "occasions"),
    "dislikes": ("dislikes", "avoid"),
}
TEXTS: dict[str, tuple[str, ...]] = {"recipient": ("recipient", "relationship"), "notes": ("notes",)}

# The first age in years that is of the next group.
AGE_GROUPS = ((3, "baby"), (13, "child"), (20, "teen"), (65, "adult"), (131, "senior"))

# Minor units, of the currencies that have a hundred of them to the unit.
PRICE_BANDS: dict[str, tuple[int | None, int | None]] = {
    "small": (None, 2_500),
    "medium": (2_500, 7_500),
    "large": (7_500, 20_000),
    "luxury": (20_000, None),
}


def derive_facets(answers: Mapping[str, Any]) -> Facets:
    """Return what answers say. No answer is refused: what cannot be read is kept in its words."""
    asked = {_key(question): answer for question, answer in answers.items() if answer not in EMPTY}
    read: dict[str, Any] = {}
    for facet, questions in LISTS.items():
        read[facet] = _words([each for question in questions for each in _listed(asked.pop(question, ()))])
    for facet, questions in TEXTS.items():
        texts = [_text(asked.pop(question)) for question in questions if isinstance(asked.get(question), str)]
        read[facet] = ", ".join(dict.fromkeys(texts)) or None
    for question, reader in (("age", _by_age), ("age_group", _by_group)):
        group = reader(asked.get(question))
        if group is not None:
            read["age_group"] = group
            del asked[question]
    read |= _take_prices(asked)
    others = {key: words for key, answer in asked.items() if (words := ", ".join(_words(_listed(answer))))}
    read["other"] = dict(list(others.items())[:MOST_OTHERS])
    return Facets(**read)


def profile_text(facets: Facets) -> str:
    """Return the text that is embedded: a sentence for each facet, as a description of a gift would have it.

    What is disliked is not in the text: a vector knows no "not", and would come nearer to that.
    """
    who = ", ".join(each for each in (facets.recipient, facets.age_group) if each)
    others = [f"{key.replace('_', ' ')}: {words}" for key, words in sorted(facets.other.items())]
    lines = [
        f"Gift for {who}" if who else "Gift",
        f"Interests: {', '.join(facets.interests)}" if facets.interests else "",
        f"Style: {', '.join(facets.styles)}" if facets.styles else "",
        f"Occasion: {', '.join(facets.occasions)}" if facets.occasions else "",
        facets.notes or "",
        *others,
    ]
    return "\n".join(line for line in lines if line)


def _key(question: str) -> str:
    """Return a question as it is known: `ageGroup` and `Age group` are `age_group`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", question.strip())
    return re.sub(r"[\W_]+", "_", snake).strip("_").lower()[:LONGEST_WORD]


def _listed(answer: Any, depth: int = 0) -> Iterator[Any]:
    if depth > DEEPEST:
        return
    if isinstance(answer, str):
        yield from re.split(r"[,;\n]", answer)
    elif isinstance(answer, Mapping):
        for key, value in answer.items():
            yield from (f"{key} {each}" for each in _listed(value, depth + 1))
    elif isinstance(answer, Sequence):
        for each in answer:
            yield from _listed(each, depth + 1)
    elif isinstance(answer, bool):
        yield "yes" if answer else "no"
    else:
        yield answer


def _words(values: Sequence[Any] | Iterator[Any]) -> tuple[str, ...]:
    words = (_text(str(value)).casefold()[:LONGEST_WORD].strip() for value in values)
    return tuple(dict.fromkeys(word for word in words if word))[:MOST_WORDS]


def _text(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", UNSTORABLE.sub(" ", text)).split())[:LONGEST_TEXT].strip()


def _by_age(answer: Any) -> str | None:
    years = int(answer) if isinstance(answer, str) and re.fullmatch(r"[0-9]{1,3}", answer) else answer
    if isinstance(years, bool) or not isinstance(years, int) or years < 0:
        return None
    return next((group for end, group in AGE_GROUPS if years < end), None)


def _by_group(answer: Any) -> str | None:
    word = answer.strip().lower().removesuffix("s") if isinstance(answer, str) else ""
    return word if word in {group for _, group in AGE_GROUPS} else None


def _take_prices(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the price band, and take what was read out of `asked`."""
    budget = asked.get("budget")
    if _is_cents(budget):
        del asked["budget"]
        return {"max_price_cents": budget}
    if isinstance(budget, Mapping) and set(budget) <= {"min", "max", "currency"}:
        least, most, currency = (budget.get(each) for each in ("min", "max", "currency"))
        is_known = currency is None or (isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency))
        if is_known and all(each is None or _is_cents(each) for each in (least, most)):
            del asked["budget"]
            if least is not None and most is not None and least > most:
                least, most = most, least
            return {"min_price_cents": least, "max_price_cents": most, "currency": currency}
    band = asked.get("price_band")
    if budget is None and isinstance(band, str) and band.strip().lower() in PRICE_BANDS:
        del asked["price_band"]
        low, high = PRICE_BANDS[band.strip().lower()]
        return {"min_price_cents": low, "max_price_cents": high}
    return {}


def _is_cents(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_INTEGER
