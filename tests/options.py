"""What options take, for tests that pin it: users' files and shipped results depend on it."""

import inspect


def ranges(options):
    """(default, least, above, most) of every option that has one of them, by name."""
    found = {o.name: (o.default, o.least, o.above, o.most) for o in options}
    return {name: values for name, values in found.items() if values != (None,) * 4}


def unsaid(function):
    """What a function does where nothing is said: its defaults other than off, none or empty."""
    found = {each.name: each.default for each in inspect.signature(function).parameters.values()}
    return {
        name: value
        for name, value in found.items()
        if value is not inspect.Parameter.empty and value not in (None, False, ())
    } | {name: 0 for name, value in found.items() if value == 0 and value is not False}


def in_order(function):
    """Parameters that may be given by place or by name, as they are called in both ways."""
    each = inspect.signature(function).parameters.values()
    return [one.name for one in each if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
