"""Trained diffusion models, measured and held against the predictions of `theory`.

Names are loaded on first use: ``import convergen.empirical`` costs nothing and needs no torch.
"""

from __future__ import annotations

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "data.dataset": ["DataSet"],
        "data.kinds": ["load_data"],
        "diagnose.checkpoints.arrays": ["judge_checkpoints"],
        "diagnose.verdict.arrays": ["judge_samples"],
        "experiment.declared.declaration": ["Experiment"],
        "experiment.run": ["Run"],
        "experiment.trained.train": ["run_experiment"],
        "experiment.trained.train_pair": ["train_pair"],
        "forecast.requests": ["forecast_run", "forecast_untrained"],
        "measure.settings": ["MeasureSettings"],
        "models.torch_denoiser": ["TorchDenoiser"],
        "networks.preconditioning": ["Preconditioned"],
        "networks.pretrained": ["PretrainedDenoiser"],
        "training.settings": ["TrainingSettings"],
        "validate.requests": ["validate_run"],
    },
)
