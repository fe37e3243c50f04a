"""What options take, for tests that pin it: users' files and shipped results depend on it."""


def ranges(options):
    """(default, least, above, most) of every option that has one of them, by name."""
    found = {o.name: (o.default, o.least, o.above, o.most) for o in options}
    return {name: values for name, values in found.items() if values != (None,) * 4}
