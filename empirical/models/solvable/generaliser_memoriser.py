"""Local posterior mean and empirical score, in shares that the budget sets."""

from __future__ import annotations

from convergen.empirical.models.table import MEMORISED, SOLVABLE, SolvableModel
from convergen.theory.networks.training_time.generaliser_memoriser import GeneraliserMemoriser

SOLVABLE.register(
    SolvableModel(
        name="generaliser-memoriser",
        description="local posterior mean and empirical score, in shares that the budget sets",
        words="generaliser and memoriser, calibrated at small n",
        line=(0, (5, 1)),
        order=7,
        options=(MEMORISED,),
        compared=False,
        theory=GeneraliserMemoriser,
        trust="Held against the U-Nets that come with the package, the n at which q = 0.5 and 0.8 "
        "are reached was between 0.71 and 1.01 of the measured one. It fails for memorisation in "
        "mid-transition, and for trainings shorter than about 2000 images. Without a trained pair "
        "of your own it may be a factor of two off. Likeness to the training set begins to rise "
        "before a tenth is memorised: for U-Nets on digits at about two fifths of that training.",
    )
)
