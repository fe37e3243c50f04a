import pytest

from convergen.theory.messages.optional_packages import package_missing


@pytest.mark.parametrize(("package", "named"), [("torch", "torch"), (None, "empirical")])
def test_what_is_missing_is_named_with_the_extra_that_brings_it(package, named):
    assert str(package_missing("training", package, "empirical")) == (
        f"training needs the package '{named}': install it with pip install '.[empirical]' in the "
        "folder of convergen's source."
    )
