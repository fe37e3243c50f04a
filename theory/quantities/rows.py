"""The rows of the table of quantities; `quantities` says what their columns are."""

from __future__ import annotations

from convergen.theory.quantities.table import Formula
from convergen.theory.quantities.table import Quantity as Row

# Okabe & Ito (2008): colour-blind readers can tell them apart.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, GREY = "#E69F00", "#56B4E9", "#000000", "#808080"

_LINEAR, _FORECAST = "convergen.theory.linear", "convergen.theory.forecast.formulas"
_PAIR = "convergen.theory.finite_size.measure_pair"

_ORDER = Formula(f"{_LINEAR}.order_parameters:order_parameters", ("ridge",))
_MEMORISATION = Formula(
    f"{_LINEAR}.memorised.memorisation:memorisation_law", ("ridge", "seed", "amplitudes")
)
_BLOCKS = Formula(f"{_FORECAST}:eigenvector_blocks", ("factors",))
_NORM = Formula(f"{_LINEAR}.leading_distances:operator_norm", ("seed",))
_SLICED = Formula(f"{_LINEAR}.leading_distances:max_sliced_wasserstein", ("seed",))
_DENOISING = Formula(f"{_FORECAST}:errors_by_noise", ("sigma",))
_MEASURED = {
    name: Formula(f"{_PAIR}:{name}")
    for name in (
        "convergence", "memorisation", "latent_recovery", "distances", "leading_distances",
        "denoising",
    )
}  # fmt: skip

_NOISE, _FACTOR = ("samples", "sigma"), ("samples", "factor")
_BOTH = ("samples", "side")

ORDER_PARAMETERS = (
    Row(
        "convergence", "convergence", "q", "q", main=True,
        meaning="overlap of two models trained on disjoint data",
        formula=_ORDER, part="convergence", measurement=_MEASURED["convergence"], power=1.0,
        colour=BLUE,
        trained=True, followed=True,
    ),
    Row(
        "convergence_to_truth", "convergence to truth", "q*", "q^*", main=True,
        meaning="overlap with the truth",
        formula=_ORDER, part="convergence_to_truth", group="convergence",
        measurement=_MEASURED["convergence"], power=0.5, to_truth=True,
        colour=BLUE, line="--", marker="^",
        trained=True,
    ),
    Row(
        "memorisation", "memorisation", "m", "m", main=True,
        meaning="largest |cosine| with a training point",
        formula=_MEMORISATION, part="value", measurement=_MEASURED["memorisation"],
        colour=VERMILLION, marker="s",
        trained=True, followed=True,
    ),
    Row(
        "memorisation_stderr", "standard error of memorisation", group="memorisation",
        formula=_MEMORISATION, part="stderr",
    ),
    Row(
        "memorisation_baseline", "memorisation of fresh data", "m fresh", r"m_\mathrm{fresh}",
        main=True, meaning="the same with unseen data", group="memorisation",
        formula=_MEMORISATION, part="baseline", measurement=_MEASURED["memorisation"],
        colour=VERMILLION, line=":", marker="D", label="$m$ on fresh data",
        trained=True, followed=True,
    ),
    Row(
        "memorisation_baseline_stderr", "standard error of memorisation of fresh data",
        group="memorisation", formula=_MEMORISATION, part="baseline_stderr",
    ),
    Row(
        "memorisation_method", "law of memorisation that was used", units="",
        group="memorisation", formula=_MEMORISATION, part="method",
    ),
    Row(
        "latent_recovery", "latent recovery", "Q", "Q", dims=_FACTOR,
        meaning="squared overlap of the k-th learnt factor with the true one",
        formula=Formula(f"{_LINEAR}.latent_recovery:latent_recovery", ("factors",)),
        measurement=_MEASURED["latent_recovery"], law="latent_recovery_finite_size",
        colour=GREEN, marker="^",
        trained=True,
    ),
    Row(
        "latent_recovery_finite_size", "latent recovery at finite size", "Q", r"\bar Q",
        dims=_FACTOR, main=True,
        meaning="squared overlap of the k-th learnt factor with the true one",
        formula=Formula(f"{_FORECAST}:finite_size_recovery", ("factors",)),
        group="latent_recovery", to_truth=True, colour=GREEN, marker="^",
        label="latent recovery $Q$",
    ),
)  # fmt: skip

DISTANCES = (
    Row(
        "sample_eigenvalue", "mean sample eigenvalue of a block", "", r"\hat\lambda",
        units="data^2", dims=("samples", "sample_block"), group="eigenvector_overlap",
        formula=_BLOCKS, part="sample_eigenvalue",
    ),
    Row(
        "population_eigenvalue", "mean population eigenvalue of a block", "", r"\lambda",
        units="data^2", dims=("population_block",), group="eigenvector_overlap",
        formula=_BLOCKS, part="population_eigenvalue",
    ),
    Row(
        "eigenvector_overlap", "share of a sample eigenvector in a population block",
        dims=("samples", "sample_block", "population_block"), formula=_BLOCKS, part="overlap",
    ),
    Row(
        "bures_wasserstein", "squared 2-Wasserstein distance over total variance",
        "W2²/Tr Σ", r"W_2^2/\mathrm{Tr}\,\Sigma", group="distances",
        formula=Formula(f"{_LINEAR}.distances:bures_wasserstein"),
        measurement=_MEASURED["distances"], to_truth=True, colour=PURPLE, line="-.", marker="v",
        label=r"Bures–Wasserstein $W_2^2/\mathrm{Tr}\,\Sigma$",
    ),
    Row(
        "kullback_leibler", "Kullback-Leibler divergence", "KL", r"\mathrm{KL}", units="nat",
        group="distances", formula=Formula(f"{_LINEAR}.distances:kullback_leibler", ("ridge",)),
        measurement=_MEASURED["distances"], to_truth=True,
    ),
    Row(
        "operator_norm", "operator-norm error over largest eigenvalue", "‖Σ̂−Σ‖/λ1",
        r"\lVert\hat\Sigma-\Sigma\rVert/\lambda_1", group="leading_distances", formula=_NORM,
        part="value", measurement=_MEASURED["leading_distances"], slow=True, to_truth=True,
    ),
    Row(
        "operator_norm_stderr", "standard error of the operator-norm error",
        group="leading_distances", formula=_NORM, part="stderr",
    ),
    Row(
        "max_sliced_wasserstein",
        "max-sliced 2-Wasserstein distance over largest standard deviation",
        "max-sliced W2", r"W_2/\sqrt{\lambda_1}", group="leading_distances", formula=_SLICED,
        part="value", measurement=_MEASURED["leading_distances"], slow=True, to_truth=True,
        colour=ORANGE, marker="P", label=r"max-sliced $W_2/\sqrt{\lambda_1}$",
    ),
    Row(
        "max_sliced_wasserstein_stderr", "standard error of the max-sliced distance",
        group="leading_distances", formula=_SLICED, part="stderr",
    ),
    Row(
        "leading_distance_method", "how the leading factors were treated", units="",
        group="leading_distances", formula=_NORM, part="method",
    ),
)  # fmt: skip

DENOISING = (
    Row(
        "test_error", "denoising error on fresh data", "test error", "E_\\mathrm{test}",
        units="data^2", dims=_NOISE, group="denoising", formula=_DENOISING, part="test",
        measurement=_MEASURED["denoising"], to_truth=True, colour=BLACK, label="test error",
        trained=True, followed=True,
    ),
    Row(
        "train_error", "denoising error on training data", "train error", "E_\\mathrm{train}",
        units="data^2", dims=_NOISE, group="denoising", formula=_DENOISING, part="train",
        measurement=_MEASURED["denoising"], colour=GREY, line="--", marker="s",
        label="training error",
        trained=True, followed=True,
    ),
    Row(
        "optimal_error", "denoising error of the true model", units="data^2", dims=_NOISE,
        group="denoising", formula=_DENOISING, part="optimal", colour=BLACK, line=":", marker="D",
        label="error of the true model",
    ),
    Row(
        "agreement", "agreement of two denoisers", "agreement", "a", dims=_NOISE,
        group="denoising", formula=_DENOISING, part="agreement",
        measurement=_MEASURED["denoising"], power=1.0, colour=SKY, marker="p",
        label="agreement of two denoisers",
    ),
    Row(
        "renormalised_noise", "renormalised noise", "", r"\kappa", units="data^2", dims=_NOISE,
        group="denoising", formula=_DENOISING, part="renormalised_noise",
        colour=ORANGE, line="--", marker="h",
    ),
    Row(
        "denoiser_variance", "variance of the denoiser along a factor", units="data^2",
        dims=("samples", "sigma", "factor"), group="denoising",
        formula=Formula(f"{_FORECAST}:variance_by_noise", ("sigma", "factors")),
        measurement=_MEASURED["denoising"], colour=PURPLE, marker="D",
        label="variance of a denoiser",
    ),
    Row(
        "sampling_convergence",
        "convergence of samples drawn from noise 80 down to 0.002 root mean squares", "", "q",
        group="sampling", formula=Formula(f"{_FORECAST}:convergence_of_sampler"),
    ),
)  # fmt: skip

THRESHOLDS = (
    Row(
        "convergence_samples", "samples for convergence", "", "n", dims=("level",),
        group="thresholds",
        formula=Formula(f"{_FORECAST}:convergence_samples", ("levels", "ridge")),
    ),
    Row(
        "recovery_threshold", "samples at which a factor starts to be recovered", "", "n_k^*",
        dims=("factor",), group="thresholds",
        formula=Formula(f"{_FORECAST}:recovery_threshold", ("factors",)),
    ),
)  # fmt: skip

# Computed by plan, for what further samples bring.
PLANS = (
    Row(
        "recovered_factors", "recovered factors, sum of the squared overlaps", "ΣQ",
        r"\sum_k Q_k", colour=GREEN, marker="^", label="recovered factors $\\sum_k Q_k$",
    ),
    Row(
        "test_error_ratio", "test error of the linear denoiser over that of the true one", "error",
        r"E_\mathrm{test}/E_\mathrm{true}", colour=BLACK, marker="D",
    ),
    Row("convergence_gain", "gain in convergence over the samples at hand"),
    Row("convergence_to_truth_gain", "gain in convergence to truth over the samples at hand"),
    Row("recovered_factors_gain", "gain in recovered factors over the samples at hand"),
    Row("test_error_excess_left", "excess of the test error over that with the samples at hand"),
    Row(
        "halfway_samples", "samples that bring half of the largest gain in convergence", dims=()
    ),
    Row("wish_level", "level that is wished for", dims=("wish",)),
    Row("wish_samples", "samples that a wish needs", dims=("wish",)),
    Row("together_samples", "samples that all wishes together need", dims=()),
)  # fmt: skip

# Computed by predict_collapse, for the empirical score.
COLLAPSE = (
    Row(
        "collapse_noise", "collapse noise", "σ_c", r"\sigma_c", units="data", colour=VERMILLION,
        marker="s",
    ),
    Row("collapse_width", "width of the collapse in log sigma"),
    Row(
        "information", "mutual information of data and noisy data", "I(σ) in nats", r"I(\sigma)",
        units="nat", dims=("sigma",),
    ),
    Row("information_stderr", "standard error of the information", units="nat", dims=("sigma",)),
    Row(
        "samples_to_generalise", "samples for the empirical score to generalise", "n*(σ)",
        r"n^* = e^{I(\sigma)}", dims=("sigma",),
        meaning="exp I(σ), samples from which a noisy training point no longer finds itself",
        colour=VERMILLION, marker="s",
        label=r"empirical score, $n^* = e^{I(\sigma)}$",
    ),
    Row(
        "gaussian_samples", "samples to generalise for a Gaussian, an upper bound",
        "n*, Gaussian bound", dims=("sigma",),
        meaning="the same for a Gaussian of this covariance, an upper bound",
        colour=VERMILLION, line=":", marker="",
        label="its Gaussian bound",
    ),
    Row(
        "agreement_samples", "samples for two empirical scores to agree to 1/2", "scores agree",
        dims=("sigma",),
        meaning="samples from which two empirical scores on disjoint data agree to ½, which is "
        "n*(σ) only where σ is of the order of the data: fewer below, more above",
        colour=SKY, line="-.", marker="p",
        label="two empirical scores, agreement 1/2",
    ),
    Row(
        "linear_samples", "samples for two linear denoisers to agree to 1/2", "n*, linear",
        dims=("sigma",),
        meaning="samples from which two linear denoisers on disjoint data agree to ½",
        colour=BLUE, line="--", label="linear denoiser, agreement 1/2",
    ),
)  # fmt: skip

# Computed by predict_mixture, for Gaussian mixtures.
MIXTURES = (
    Row("speciation_noise", "noise at which the components appear", "", r"\sigma_s", units="data",
        dims=()),
    Row("mean_recovery_linear", "squared overlap of principal components with the means"),
    Row(
        "mean_recovery_bayes", "squared overlap of the Bayes-optimal means with the truth",
        colour="#00513B", line="--", marker="s", label="Bayes-optimal recovery",
    ),
    Row("mean_threshold_linear", "samples from which PCA sees the means", dims=()),
    Row("mean_threshold_information", "samples from which the means can be known at all", dims=()),
)  # fmt: skip

# Measured on trained models only.
MEASURED = (
    Row(
        "fraction_memorised", "share of copies", dims=_BOTH, meaning="of generated points",
        colour=ORANGE, marker="P", trained=True, followed=True,
    ),
    Row("copy_threshold", "|cosine| from which a generated point is a copy", dims=_BOTH),
    Row(
        "variance_ratio", "variance of generated over that of true samples", "variance",
        dims=_BOTH, meaning="generated over true", colour=PURPLE, marker="D",
        label="variance of samples / truth",
        followed=True,
    ),
    Row("stayed_identity", "whether a network left all noise in after training", dims=_BOTH),
    Row("ran_away", "whether sampling was stopped, points growing without bound", dims=_BOTH),
    Row(
        "nearest_cosine", "largest |cosine| with a training point",
        dims=(*_BOTH, "draw"),
    ),
    Row("nearest_row", "row of the data with the largest |cosine|", dims=(*_BOTH, "draw")),
    Row("fresh_cosine", "largest |cosine| with a fresh point", dims=(*_BOTH, "draw")),
    Row("draw_power", "|x|^2/d of a draw", dims=(*_BOTH, "draw")),
    Row(
        "draw_overlap", "<x_a, x_b>/d of what both sides made of a draw",
        dims=("samples", "draw"),
    ),
    Row(
        "subspace_overlap", "overlap of the leading subspaces", dims=(*_BOTH, "factor"),
    ),
    Row("covariance_error", "relative error of the covariance", dims=_BOTH),
    Row("sliced_wasserstein", "sliced Wasserstein distance", units="data", dims=_BOTH),
    Row(
        "train_psnr", "peak signal-to-noise ratio, training data", units="dB",
        dims=(*_BOTH, "sigma"),
    ),
    Row(
        "test_psnr", "peak signal-to-noise ratio, unseen data", units="dB",
        dims=(*_BOTH, "sigma"),
    ),
    Row("true_error", "denoising error of the true law", units="data^2", dims=("sigma",)),
    Row(
        "disagreement", "squared distance of two models' denoised points", units="data^2",
        dims=_NOISE,
    ),
    Row("generated", "generated points", units="data", dims=(*_BOTH, "picture")),
    Row("nearest_training", "nearest training points", units="data", dims=(*_BOTH, "picture")),
)  # fmt: skip

ROWS = (
    *ORDER_PARAMETERS, *DISTANCES, *DENOISING, *THRESHOLDS, *PLANS, *COLLAPSE, *MIXTURES, *MEASURED
)  # fmt: skip
