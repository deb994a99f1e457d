"""Log lines as they are written: their form, their fields, their limit."""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from edgeserve.domain.origin import Origin, current_origin
from edgeserve.telemetry.log_format import HumanFormatter, JsonFormatter
from edgeserve.telemetry.log_handler import LimitedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Log:
    """A logger of the program with a handler of ours; time stands still until it is moved."""

    def __init__(self, formatter: logging.Formatter, most: int = 5) -> None:
        self.now_s = 0.0
        self.text = StringIO()
        self.handler = LimitedHandler(most, lambda: self.now_s)
        self.handler.setStream(self.text)
        self.handler.setFormatter(formatter)
        self.logger = logging.Logger("edgeserve.room")  # noqa: LOG001 - nobody else sees it
        self.logger.addHandler(self.handler)

    def lines(self) -> list[str]:
        return self.text.getvalue().splitlines()

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines()]


@pytest.fixture
def make_log() -> Iterator[Callable[..., Log]]:
    logs: list[Log] = []

    def make(formatter: logging.Formatter, most: int = 5) -> Log:
        logs.append(Log(formatter, most))
        return logs[-1]

    yield make
    for log in logs:
        log.handler.close()


def in_origin(origin: Origin, work: Callable[[], object]) -> None:
    """Run in a thread that has an origin, as a camera's has."""

    def run() -> None:
        current_origin.set(origin)
        work()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_a_json_line_has_time_level_place_message_and_nothing_else(
    make_log: Callable[..., Log],
) -> None:
    log = make_log(JsonFormatter())
    log.logger.warning("%d of %d", 1, 2)
    (line,) = log.objects()
    assert line.pop("time").endswith("Z")
    assert line == {"level": "warning", "logger": "edgeserve.room", "message": "1 of 2"}


def test_lines_of_a_camera_s_thread_carry_its_name(make_log: Callable[..., Log]) -> None:
    log, human = make_log(JsonFormatter()), make_log(HumanFormatter())
    gate = Origin(camera="gate")
    for one in (log, human):
        in_origin(gate, lambda one=one: one.logger.info("decoder: ü ok"))  # type: ignore[misc]
        in_origin(gate, lambda one=one: one.logger.info("camera gate: ok"))  # type: ignore[misc]
    assert [line["camera"] for line in log.objects()] == ["gate", "gate"]
    assert log.objects()[0]["message"] == "decoder: ü ok"
    assert human.lines()[0].endswith("decoder: ü ok [camera gate]")
    assert human.lines()[1].endswith("camera gate: ok")


def test_a_line_about_a_frame_carries_the_number_of_its_stream(
    make_log: Callable[..., Log],
) -> None:
    log = make_log(JsonFormatter())
    extra = {"origin": Origin(stream=7)}
    in_origin(Origin(stream=9), lambda: log.logger.error("fault", extra=extra))
    assert log.objects()[0]["stream"] == 7
    assert "camera" not in log.objects()[0]


def test_an_exception_is_one_line_of_json(make_log: Callable[..., Log]) -> None:
    log = make_log(JsonFormatter())
    try:
        raise ValueError("rtsp://admin:secret@camera/1")  # noqa: EM101, TRY301 - as it comes
    except ValueError:
        log.logger.exception("a fault")
    (line,) = log.objects()
    assert "ValueError: rtsp://***@camera/1" in line["exception"]


@pytest.mark.parametrize("formatter", [JsonFormatter(), HumanFormatter()])
def test_no_line_has_a_secret(formatter: logging.Formatter, make_log: Callable[..., Log]) -> None:
    log = make_log(formatter)
    log.logger.warning("open %s", "rtsp://admin:hunter2@192.0.2.7/1?password=hunter2&x=1")
    try:
        raise OSError("http://hunter2:hunter2@h/")  # noqa: EM101, TRY301 - as it comes
    except OSError:
        log.logger.exception("cannot")
    assert "hunter2" not in log.text.getvalue()
    assert "192.0.2.7" in log.text.getvalue()


def test_what_is_repeated_is_counted_and_told_when_its_time_is_over(
    make_log: Callable[..., Log],
) -> None:
    log = make_log(JsonFormatter(), most=2)
    for number in range(6):
        log.logger.warning("client %d is slow", number)
    log.logger.warning("another kind")
    assert [line["message"] for line in log.objects()] == [
        "client 0 is slow",
        "client 1 is slow",
        "another kind",
    ]
    log.now_s = 11
    log.logger.warning("client %d is slow", 6)
    told, last = log.objects()[3:]
    assert told["suppressed"] == 4
    assert told["level"] == "warning"
    assert "4 more lines" in told["message"]
    assert "client 5 is slow" in told["message"]
    assert last["message"] == "client 6 is slow"


def test_the_count_is_told_at_the_end_too(make_log: Callable[..., Log]) -> None:
    log = make_log(HumanFormatter(), most=1)
    for _ in range(3):
        log.logger.info("again")
    log.handler.close()
    assert len(log.lines()) == 2
    assert "2 more lines" in log.lines()[1]


def test_one_camera_cannot_silence_another(make_log: Callable[..., Log]) -> None:
    log = make_log(JsonFormatter(), most=1)
    for camera in ("gate", "gate", "yard"):
        in_origin(Origin(camera=camera), lambda: log.logger.warning("no frame"))
    assert [line["camera"] for line in log.objects()] == ["gate", "yard"]


def test_many_streams_share_one_allowance(make_log: Callable[..., Log]) -> None:
    log = make_log(JsonFormatter(), most=2)
    for stream in range(1, 50):
        in_origin(Origin(stream=stream), lambda: log.logger.warning("no frame"))
    assert [line["stream"] for line in log.objects()] == [1, 2]


def test_what_is_remembered_is_bounded(make_log: Callable[..., Log]) -> None:
    log = make_log(JsonFormatter(), most=1)
    for number in range(3000):
        log.logger.info("kind " + str(number))  # noqa: G003 - kinds that somebody makes up
    assert len(log.handler._windows) <= 1000
    assert len(log.lines()) == 3000


def test_without_a_limit_every_line_is_written(make_log: Callable[..., Log]) -> None:
    log = make_log(JsonFormatter(), most=0)
    for _ in range(50):
        log.logger.info("again")
    assert len(log.lines()) == 50


class FullDisk(StringIO):
    """Takes nothing."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_line_that_cannot_be_written_is_let_go_and_one_that_cannot_be_made_is_told(
    make_log: Callable[..., Log], capsys: pytest.CaptureFixture[str]
) -> None:
    log = make_log(HumanFormatter())
    log.handler.setStream(FullDisk())
    log.logger.warning("nobody reads this")
    assert capsys.readouterr().err == ""
    log.logger.warning("%d frames", "three")
    assert "Logging error" in capsys.readouterr().err
