"""Does a generator copy? Samples, training set and unseen points as arrays, without a file."""

import numpy as np
from sklearn.datasets import load_digits

import convergen as cg

rng = np.random.default_rng(0)
images = load_digits().images[rng.permutation(1797)[:300], None] / 16.0  # (N, channels, h, w)
train, unseen, others = images[:120], images[120:240], images[240:]
copies = train[rng.choice(120, size=15, replace=False)][..., ::-1]  # mirrored, to hide them
generated = np.concatenate([copies, others[:45]])  # a quarter are copies, the rest is new

found = cg.empirical.judge_samples(generated, train, unseen)
print(found)
print("suspected copies:", sorted(each.sample for each in found.suspects))
