"""Words of the field in plain English, for texts and pages."""

from __future__ import annotations

_WORDS = {
    "copy": "a sample that is far nearer to one training point than to any other real point",
    "memorising": "giving back training points instead of new ones",
    "reference": "real points of the same kind that the model has not seen",
    "n": "how many samples a model is trained on",
    "n/d": "training samples for each number that a sample is made of",
    "q, convergence": "how much two models trained on different data agree: 0, not at all; 1, they "
    "make the same of the same seed",
    "q*": "how much one model agrees with the true law of the data",
    "m, memorisation": "how like its nearest training point a generated sample is: 1 is a copy",
    "m fresh": "the same for data that no model has seen; memorisation is what m has beyond it",
    "factor": "a direction in which the data vary most; Q = 1: it is fully known",
    "copies": "the share of generated samples that are copies of training points",
    "variance": "how much generated samples vary, over how much the data do: 1 is right",
    "linear model": "the simplest generator: a Gaussian with the mean and covariance of its "
    "training set. Its theory is exact, fast, and close to what networks do once they have enough "
    "data",
    "interval": "the numbers in brackets: where the truth lies in {} such measurements",
    "test error": "how far a denoiser is from the clean image, on data that it has not seen",
    "z": "how far theory and measurement differ, in standard errors: beyond 3 it is no chance",
    "seed": "the random numbers a model starts from; the same seed makes comparable samples",
}


def glossary(*words: str, interval: str = "19 of 20") -> dict[str, str]:
    """Meanings of some words.

    Parameters
    ----------
    *words : str
        Those that a text uses.
    interval : str
        In how many cases its intervals hold the truth.

    Returns
    -------
    dict of str
        Meaning by word, in the order asked for.
    """
    return {word: _WORDS[word].format(interval) for word in words}
