"""From a spectrum to a curve: when do two linear models trained on different data agree?"""

import numpy as np

import convergen as cg

spectrum = cg.Spectrum.power_law(3072, 1.0)  # λ_k = 1/k in 3072 dimensions
samples = np.geomspace(10, 100_000, 40)
curves = cg.predict(
    spectrum, samples, quantities=["convergence", "memorisation", "latent_recovery"]
)
print(f"q = 0.9 takes {float(cg.samples_for(spectrum, convergence=0.9)):.0f} samples")

left, right = cg.plot.prediction(curves)  # or on axes of yours: axes=...
left.axhline(0.9, color="0.7", linewidth=0.8)
left.figure.savefig("spectrum.pdf")
