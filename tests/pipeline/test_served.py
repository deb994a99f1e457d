"""Which model a stream opens on, and what is done before it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.domain.errors import EngineError, ModelNotFoundError, ModelNotReadyError
from edgeserve.domain.request import DetectOptions, StreamOptions
from edgeserve.domain.status import ModelStatus
from edgeserve.pipeline.lane import Lane
from edgeserve.pipeline.observer import NullObserver
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.pipeline.served import ServedModel, ServedModels
from edgeserve.pipeline.warmup import warm_up
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from edgeserve.pipeline.admission import FrameStream


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("fake:CPU", 1, NullObserver())
    yield lane
    lane.close()


@pytest.fixture
def models(lane: Lane) -> ServedModels:
    """Two that are ready on one lane, and one that is not."""
    detector = fakes.detector()
    statuses = [
        ModelStatus("tiny", "1", ready=True, is_default=True),
        ModelStatus("wide", "2", ready=True),
        ModelStatus("broken", "", ready=False, reason="model.onnx: sha256 is wrong"),
    ]
    served = [
        ServedModel(status, detector, lane) if status.ready else ServedModel(status)
        for status in statuses
    ]
    return ServedModels(served, PipelineOptions(), NullObserver())


def opened(models: ServedModels, model: str = "", version: str = "") -> FrameStream:
    options = StreamOptions(DetectOptions(model=model, version=version))
    return models.open_stream(options, source="test", on_change=lambda: None)


@pytest.mark.parametrize(
    ("model", "version"),
    [("", ""), ("", "1"), ("tiny", ""), ("tiny", "1"), ("wide", "2"), ("wide", "")],
)
def test_a_stream_opens_on_the_model_that_it_names(
    models: ServedModels,
    model: str,
    version: str,
) -> None:
    stream = opened(models, model, version)
    assert stream.idle
    stream.close()


@pytest.mark.parametrize(
    ("model", "version", "wanted"),
    [("absent", "", "absent"), ("tiny", "9", "tiny:9"), ("", "9", "default:9")],
)
def test_an_unknown_model_names_those_that_serve(
    models: ServedModels,
    model: str,
    version: str,
    wanted: str,
) -> None:
    said = f"this server has no model '{wanted}'; it serves tiny:1, wide:2"
    with pytest.raises(ModelNotFoundError, match=said):
        opened(models, model, version)


def test_a_model_that_is_not_ready_says_why(models: ServedModels) -> None:
    said = r"model broken is not ready: model\.onnx: sha256 is wrong"
    with pytest.raises(ModelNotReadyError, match=said):
        opened(models, "broken")


def test_the_server_is_ready_when_every_model_is(models: ServedModels) -> None:
    assert [status.ready for status in models.statuses()] == [True, True, False]
    assert not models.ready
    ready = [ServedModel(status) for status in models.statuses() if status.ready]
    assert ServedModels(ready, PipelineOptions(), NullObserver()).ready


def test_warm_up_runs_more_than_once_with_pictures_of_the_models_size() -> None:
    seen: list[NDArray[np.generic]] = []

    def answer(tensor: NDArray[np.generic], /) -> Mapping[str, NDArray[np.float32]]:
        seen.append(tensor.copy())
        return fakes.one_object(tensor)

    warm_up(fakes.detector(answer))
    assert len(seen) >= 2
    assert {tensor.shape for tensor in seen} == {(1, fakes.SIDE_PX, fakes.SIDE_PX, 3)}
    assert {int(value) for tensor in seen for value in np.unique(tensor)} == {114}


def test_warm_up_of_an_engine_that_fails_fails() -> None:
    def answer(_: NDArray[np.generic], /) -> Mapping[str, NDArray[np.float32]]:
        text = "no kernel for it"
        raise EngineError(text)

    with pytest.raises(EngineError, match="no kernel for it"):
        warm_up(fakes.detector(answer))


def test_close_ends_a_lane_that_models_share_and_may_be_repeated(
    models: ServedModels,
    lane: Lane,
) -> None:
    models.close()
    models.close()
    assert not any(thread.is_alive() for thread in lane._threads._threads)
