"""What has its name at the front door."""

import convergen


def test_what_most_people_need_is_at_the_front_door():
    assert convergen.predict is convergen.theory.predict
    assert convergen.Spectrum is convergen.theory.Spectrum
    assert {name for name in dir(convergen) if not name.startswith("_")} == set(convergen.__all__)
    assert all(hasattr(convergen, name) for name in convergen.__all__)
