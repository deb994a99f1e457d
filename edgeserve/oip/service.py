"""The protocol's two halves, for whichever transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.oip.descriptions import Descriptions
from edgeserve.oip.inference import Inference

if TYPE_CHECKING:
    from edgeserve.access.limits import Limits
    from edgeserve.access.places import Places
    from edgeserve.pipeline.model_control import ModelControl
    from edgeserve.pipeline.served import ServedModels


@dataclass(frozen=True, slots=True)
class OpenInference:
    """What the protocol offers: inferences, and what there is to know about them."""

    inference: Inference
    descriptions: Descriptions

    @classmethod
    def of(
        cls,
        models: ServedModels,
        limits: Limits,
        places: Places,
        control: ModelControl | None = None,
    ) -> OpenInference:
        """Offer these models.

        Args:
            models: of the server.
            limits: for clients.
            places: for calls and streams, shared with all other services.
            control: by which models are loaded and unloaded; None: not at all.
        """
        inference = Inference(models, limits, places)
        return cls(inference, Descriptions(inference, control))
