"""pythae and Lightning as methods of throughput.py, where they are installed."""

import contextlib
import io
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from aelib import models

Method = Callable[[Tensor], float]


def methods(
    row: Any, dataset: Callable[[Tensor], Dataset], loss_terms: Callable
) -> dict[str, Method]:
    """Name -> CPU seconds of an epoch over the given images."""
    found: dict[str, Method] = {}
    if find_spec("pythae") and row.image_shape[0] == 1:
        found["pythae b64"] = lambda images: pythae_epoch(row.build(), images)
    if find_spec("lightning"):
        for size in (32, 256):
            found[f"Lightning b{size}"] = lambda images, size=size: lightning_epoch(
                row.build(), dataset(images), loss_terms, size
            )
    return found


def pythae_epoch(model: nn.Module, images: Tensor) -> float:
    """One epoch of its trainer's own steps, with its default batch of 64."""
    from pythae.data.datasets import BaseDataset
    from pythae.models import AE, VAE, AEConfig, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    is_vae = isinstance(model, models.VAE)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = model.encoder

        def forward(self, x: Tensor) -> ModelOutput:
            code = self.net(x)
            if not is_vae:
                return ModelOutput(embedding=code)
            mean, log_var = code.chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=log_var)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = model.decoder

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.net(z))

    kind, config = (VAE, VAEConfig) if is_vae else (AE, AEConfig)
    shape = tuple(images.shape[1:])
    wrapped = kind(config(input_dim=shape, latent_dim=16), Encoder(), Decoder())
    with tempfile.TemporaryDirectory() as folder:
        settings = BaseTrainerConfig(
            output_dir=folder, learning_rate=1e-3, no_cuda=True, num_epochs=1
        )
        labels = torch.zeros(len(images))
        trainer = BaseTrainer(
            wrapped, BaseDataset(images, labels), training_config=settings
        )
        trainer.prepare_training()
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
            start = time.process_time()
            trainer.train_step(1)
            return time.process_time() - start


def lightning_epoch(
    model: nn.Module, dataset: Dataset, loss_terms: Callable, batch_size: int
) -> float:
    """The epoch alone: from its start hook to its end hook; no logger, no bar."""
    import logging

    import lightning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.seconds = 0.0

        def on_train_epoch_start(self) -> None:
            self.seconds = -time.process_time()

        def on_train_epoch_end(self) -> None:
            self.seconds += time.process_time()

        def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
            loss = loss_terms(self.model, batch[0])["loss"]
            self.log("loss", loss, on_epoch=True)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=1e-3)

    module = Module()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a few workers would load faster
        trainer = lightning.Trainer(
            max_epochs=1,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(
            module,
            DataLoader(dataset, batch_size=batch_size, shuffle=True, num_workers=0),
        )
    return module.seconds
