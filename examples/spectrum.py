"""From a spectrum to a curve: when do two linear models trained on different data agree?"""

import matplotlib.pyplot as plt
import numpy as np

import convergen as cg

spectrum = cg.Spectrum.power_law(3072, 1.0)  # λ_k = 1/k in 3072 dimensions
samples = np.geomspace(10, 100_000, 40)
curves = cg.predict(
    spectrum, samples, quantities=["convergence", "memorisation", "latent_recovery"]
)
print(f"q = 0.9 takes {float(cg.samples_for(spectrum, convergence=0.9)):.0f} samples")

figure, axes = plt.subplots()
axes.semilogx(samples, curves["convergence"], label="convergence q")
axes.semilogx(samples, curves["memorisation"], label="memorisation m")
for factor in curves["factor"].values[:3]:
    recovery = curves["latent_recovery"].sel(factor=factor)
    axes.semilogx(samples, recovery, "--", label=f"recovery of factor {factor}")
axes.set_xlabel("training samples n")
axes.legend()
figure.savefig("spectrum.pdf")
