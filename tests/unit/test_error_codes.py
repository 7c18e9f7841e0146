"""Errors that leave the process by their code: each is made again as it was."""

from uuid import UUID, uuid4

import pytest

from mainspring.api.refusals import BAD_INPUT, CONFLICT, NOT_FOUND, TOO_MANY
from mainspring.client.cancelling import CountDiffers
from mainspring.client.error_codes import BY_CODE, code_of, facts_of, restored
from mainspring.client.errors import BadInput, GroupUnknown, KeyHeld, TaskUnknown
from mainspring.client.field_faults import FieldFault
from mainspring.client.starts import TooManyTasks
from mainspring.storage.errors import AlreadyRetried, DatabaseAway, EffectUnknown
from mainspring.workflows.runtime.catalogue import UnknownJob

TASK, OTHER = UUID(int=7), UUID(int=8)


@pytest.mark.parametrize(
    "error",
    [
        AlreadyRetried(TASK, OTHER),
        BadInput("input.max_pages: 0 is not accepted: greater than 0\ninput.shop: Field required"),
        CountDiffers(3, 4),
        DatabaseAway("connection refused"),
        EffectUnknown("7f"),
        GroupUnknown("9f", is_ambiguous=True),
        KeyHeld(TASK, OTHER),
        TaskUnknown("7f0c"),
        TooManyTasks("shop", 5),
        UnknownJob("run-flo"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_made_again_with_its_words_and_attributes(error: Exception) -> None:
    """Its class, its message and what it carries; it can be raised as any other."""
    again = restored(code_of(error), str(error), facts_of(error))
    assert again is not None
    assert (type(error), str(error), vars(error)) == (type(again), str(again), vars(again))
    with pytest.raises(type(error)):
        raise again


def test_what_a_caller_is_refused_for_has_a_code() -> None:
    """An error that the API foresees, and that has no code, would be a plain one of its status elsewhere."""
    assert set() == {*NOT_FOUND, *CONFLICT, *BAD_INPUT, *TOO_MANY} - set(BY_CODE.values())


def test_an_error_of_nobodys_has_no_code() -> None:
    """Neither a class that is not listed, nor one that has the name of a listed one."""
    impostor = type("TaskUnknown", (Exception,), {})()
    assert [None, None] == [code_of(ValueError("no")), code_of(impostor)]
    assert [None, None] == [restored(code, "no", {"task_id": str(uuid4())}) for code in (None, "key-error")]


def test_bad_input_says_which_fields() -> None:
    """Field, value and what is accepted, for programs; a missing one has no value."""
    error = BadInput(
        "input.max_pages: 0 is not accepted: greater than 0\ninput.shop: Field required\nall wrong"
    )
    faults = [
        FieldFault("input.max_pages", "0", "greater than 0"),
        FieldFault("input.shop", None, "Field required"),
    ]
    assert faults == error.faults
    assert str(error).splitlines()[:2] == list(map(str, faults))
