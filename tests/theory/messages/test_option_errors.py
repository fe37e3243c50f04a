from convergen.theory.messages.option_errors import OptionError, OptionName


def test_only_names_of_options_are_spelt_anew():
    error = OptionError("give ", OptionName("size"), ", not size ", OptionName("n"), ".")
    assert str(error) == "give size, not size n."
    assert error.spelt(lambda name: f"--{name}") == "give --size, not size --n."
