"""The starter model's autoencoder: pictures to latents of an eighth of their size, and back, quickly on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from torch import Tensor, nn

PATCH, COARSE = 8, 4  # pixels along a latent's side, and along one of the decoder's finer places


class Residual(nn.Module):
    """Two convolutions whose outcome is added to what goes in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.two.weight)

    def forward(self, values: Tensor) -> Tensor:
        """Keeps the shape."""
        return values + self.two(nn.functional.silu(self.one(nn.functional.silu(values))))  # type: ignore[no-any-return]


class PatchAutoencoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """A linear map of patches, and convolutions at low resolution that add what it misses.

    It answers to what a Stable Diffusion pipeline asks of its autoencoder.

    Args:
        latent_channels: Numbers for each patch of 8x8 pixels.
        width: Channels of the convolutions.
        block_out_channels: Only its length counts: diffusers takes from it by how much latents are smaller.
        scaling_factor: Brings latents to a deviation of about 1.
        spread: Deviation of an encoded latent.
        in_channels: Of a picture.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        latent_channels: int = 8,
        width: int = 128,
        block_out_channels: tuple[int, ...] = (1, 1, 1, 1),
        scaling_factor: float = 1.0,
        spread: float = 0.05,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        numbers, half = in_channels * PATCH**2, width // 2
        self.analyse = nn.Conv2d(numbers, latent_channels, 1)
        self.synthesise = nn.Conv2d(latent_channels, numbers, 1)
        self.encoder = nn.Sequential(
            nn.Conv2d(numbers, width, 3, padding=1),
            Residual(width),
            nn.SiLU(),
            nn.Conv2d(width, latent_channels, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(latent_channels, width, 3, padding=1),
            Residual(width),
            Residual(width),
            nn.SiLU(),
            nn.Conv2d(width, half * 4, 3, padding=1),
            nn.PixelShuffle(PATCH // COARSE),
            Residual(half),
            nn.SiLU(),
            nn.Conv2d(half, in_channels * COARSE**2, 3, padding=1),
            nn.PixelShuffle(COARSE),
        )
        for last in (self.encoder[-1], self.decoder[-2]):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def latents(self, pictures: Tensor) -> Tensor:
        """Returns latents, shape (pictures, channels, height / 8, width / 8), of pictures from -1 to 1."""
        patches = nn.functional.pixel_unshuffle(pictures, PATCH)
        return self.analyse(patches) + self.encoder(patches)  # type: ignore[no-any-return]

    def coarse(self, z: Tensor) -> Tensor:
        """Returns what can be seen of pictures, from -1 to 1, by the linear map alone."""
        return nn.functional.pixel_shuffle(self.synthesise(z / self.config.scaling_factor), PATCH)

    def encode(self, x: Tensor, return_dict: bool = True) -> Any:
        """Returns where latents of pictures lie, as diffusers' autoencoders do."""
        mean = self.latents(x)
        spread = torch.full_like(mean, 2 * torch.tensor(self.config.spread).log().item())
        posterior = DiagonalGaussianDistribution(torch.cat((mean, spread), 1))
        return AutoencoderKLOutput(latent_dist=posterior) if return_dict else (posterior,)

    def decode(self, z: Tensor, return_dict: bool = True, generator: Any = None) -> Any:
        """Returns pictures, from -1 to 1, of latents."""
        linear = nn.functional.pixel_shuffle(self.synthesise(z), PATCH)
        sample = linear + self.decoder(z)
        return DecoderOutput(sample=sample) if return_dict else (sample,)
