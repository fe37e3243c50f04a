"""I have 140 points of some law: how many do I need, and how sure is that?"""

import numpy as np

import convergen as cg

rng = np.random.default_rng(0)
scales = np.arange(1, 513) ** -0.6
points = rng.standard_normal((140, 512)) * scales  # put your own here: one row a point

pilot = cg.estimate_population(points)
answer = cg.predict(pilot, [140, 1000, 10_000], quantities=["convergence"])
for n in answer["samples"].values:
    q, low, high = (
        float(answer[f"convergence{ending}"].sel(samples=n)) for ending in ("", "_low", "_high")
    )
    print(f"n = {n:6.0f}: q = {q:.3f} ({low:.3f} to {high:.3f})")

needed = pilot.interval(lambda spectrum: cg.samples_for(spectrum, convergence=0.9))
truth = cg.Spectrum.from_eigenvalues(scales**2)
print(f"q = 0.9 takes {needed.value:.0f} ({needed.low:.0f} to {needed.high:.0f}) samples,")
print(f"in truth {float(cg.samples_for(truth, convergence=0.9)):.0f};")
own = cg.Spectrum.from_data(points)
print(f"their own spectrum would say {float(cg.samples_for(own, convergence=0.9)):.0f}.")
