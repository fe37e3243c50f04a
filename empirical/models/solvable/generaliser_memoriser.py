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
        # Digits and field of 8 × 8 pixels, three seeds each, calibrated on pairs of dense networks.
        others_error=(0.09, 0.06, 0.06, 0.06),
        made_for=("unet",),
        trust="Held against the U-Nets that come with the package, the n at which q = 0.5 and 0.8 "
        "are reached was between 0.67 and 1.03 of the measured one. It fails for memorisation in "
        "mid-transition, and for trainings shorter than about 2000 images. Without a trained pair "
        "of your own it may be a factor of two off. Networks that are no U-Nets may agree later "
        "than it says: dense ones had a q lower by 0.06 to 0.19 at n = 64. Likeness to the "
        "training set begins to rise before a tenth is memorised: for U-Nets on digits at about "
        "two fifths of that training.",
    )
)
