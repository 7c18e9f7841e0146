"""Steps and results as the command line shows them."""

from datetime import UTC, datetime, timedelta

from rich.console import Console

from mainspring.cli.steps import running_steps, step_line
from mainspring.client.fields import cells
from mainspring.client.tasks.steps import moved_steps
from mainspring.contracts.flows import StepResult, StepStatus

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def running(name: str, attempts: int = 1) -> StepResult:
    """Return a step that is at work."""
    return StepResult(step=name, status=StepStatus.RUNNING, started_at=NOON, attempts=attempts)


def completed(name: str) -> StepResult:
    """Return a step that took four seconds."""
    end = NOON + timedelta(seconds=4)
    return running(name).model_copy(update={"status": StepStatus.COMPLETED, "completed_at": end})


def drawn(steps: list[StepResult], room: int) -> list[str]:
    """Return the lines of the table of running steps, without its head."""
    console = Console(width=80)
    with console.capture() as captured:
        console.print(running_steps(steps, room))
    return [line.rstrip() for line in captured.get().splitlines()[1:]]


def turns(before: list[StepResult], after: list[StepResult]) -> list[str]:
    """Return the lines of the steps that have moved on."""
    return [step_line(step) for step in moved_steps(before, after)]


def names(lines: list[str]) -> list[str]:
    """Return what each line is about."""
    return [line.split()[0] for line in lines]


def test_a_log_has_a_line_for_each_turn_of_a_step() -> None:
    """A step that waits is no news, nor is one that stands where it stood."""
    begun = [running("download"), StepResult(step="probe")]
    again = [running("download", attempts=2), StepResult(step="probe")]
    ended = [completed("download"), running("probe")]

    assert ["download [blue]running[/]"] == turns([], begun)
    assert [] == turns(begun, begun)
    assert ["download [blue]running[/], attempt 2"] == turns(begun, again)
    assert ["download [green]completed[/], 4.0 s", "probe [blue]running[/]"] == turns(again, ended)


def test_a_flow_that_is_too_long_for_the_terminal_shows_what_runs() -> None:
    """Five hundred steps would push the bar out of sight."""
    steps = [completed("a"), running("b"), running("c"), StepResult(step="d")]

    assert ["a", "b", "c", "d"] == names(drawn(steps, room=4))
    assert ["b", "c"] == names(drawn(steps, room=3))
    assert ["b"] == names(drawn(steps, room=1))


def test_an_error_takes_one_line_and_is_not_markup() -> None:
    """What ffmpeg says has many lines, and brackets."""
    failed = running("probe").model_copy(update={"error": "[mov,mp4] no moov\nand more"})

    (line,) = drawn([failed], room=5)
    assert line.endswith("[mov,mp4] no moov")


def test_a_unit_is_said_once_with_the_value() -> None:
    """People read 847.8 kB, programs use --json."""
    result = {
        "size_bytes": 847_790,
        "duration_seconds": 20.0,
        "has_audio": True,
        "sets": ["a", "b"],
        "prices_updated": 1_200,
    }

    assert [
        ("size", "847.8 kB"),
        ("duration", "20.0 s"),
        ("has audio", "yes"),
        ("sets", "a, b"),
        ("prices updated", "1,200"),
    ] == cells(result)


def test_counts_by_reason_are_shown_in_words() -> None:
    """Nobody reads a dictionary of Python's."""
    shown = cells({"skipped": {"sale_ended": 1_200, "sold-out": 1}, "errors": {}})
    assert [("skipped", "1,200 sale ended, 1 sold-out"), ("errors", "none")] == shown
