"""Changes to the models of a running server, as every service that offers them sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.domain.status import ModelStatus, RepositoryEntry


class ModelControl(Protocol):
    """One change at a time, whoever asks. All of it blocks: an event loop calls it in a thread."""

    def index(self) -> Sequence[RepositoryEntry]:
        """Every bundle that the server can find, and every model that serves, by name."""

    def load(self, name: str, version: str = "") -> ModelStatus:
        """Have a model serve; returns when it does.

        Without a version the newest one takes the place of the one before, which serves until
        then; a version that is named serves beside the others. A version that serves already is
        read anew. Frames in work end on the model that they began on.

        Raises:
            ModelNotFoundError: there is no such bundle; the text names those that exist.
            EdgeserveError: it cannot serve, the text says why; what served before still does.
        """

    def reload(self, name: str, version: str = "") -> Sequence[ModelStatus]:
        """Read a model anew: all its versions that serve, or the one that is named.

        Raises:
            ModelNotFoundError: it does not serve; the text names those that do.
            EdgeserveError: as in `load`.
        """

    def unload(self, name: str, version: str = "") -> None:
        """Serve a model no longer: all its versions, or the one that is named.

        Returns when its last frame is answered and its memory is given back. Frames that come
        later are answered with an error until it is loaded again.

        Raises:
            ModelNotFoundError: it does not serve; the text names those that do.
        """
