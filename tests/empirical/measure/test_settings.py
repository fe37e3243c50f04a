from convergen.empirical.common.settings import options_of
from convergen.empirical.measure.settings import MeasureSettings
from tests.options import ranges


def test_shipped_results_were_measured_with_the_defaults():
    assert ranges(options_of(MeasureSettings)) == {
        "draws": (256, 2, None, 10**7),
        "steps": (18, 2, None, 10**5),
        "sigmas": ((0.1, 0.3, 1.0, 3.0), 1e-4, None, 1e4),
        "factors": (5, 1, None, 10**6),
        "error_points": (256, 2, None, 10**7),
        "pictures": (8, 0, None, 10**6),
        "projections": (128, 1, None, 10**6),
    }
