"""A stand-in for a picture model where only its vectors' fate is measured."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MeanColour:
    """Fulfils `index.visual.PictureEmbedder`; sees the mean colour of a picture and takes every text for grey."""

    name = "mean colour"
    sharpness = 1.0
    dimensions = 3

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns grey for each text."""
        import numpy as np

        return np.full((len(texts), 3), 3**-0.5, np.float32)

    def embed_pictures(self, pictures: Sequence[bytes]) -> NDArray[np.float32]:
        """Returns the mean colours, as rows of length 1."""
        import numpy as np

        small = [Image.open(io.BytesIO(data)).convert("RGB").resize((1, 1)) for data in pictures]
        means = np.array([np.asarray(one, float)[0, 0] + 1 for one in small])
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)
