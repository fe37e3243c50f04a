"""What of a result has no words, or counts something without units."""


def unlabelled(found):
    """Names of variables and coordinates without words, or of numbers without units."""
    return [
        str(name)
        for name, each in found.variables.items()
        if not each.attrs.get("long_name")
        or (each.dtype.kind not in "UO" and not each.attrs.get("units"))
    ]
