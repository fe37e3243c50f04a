"""Arrays with named dimensions and attributes, without the import time of xarray."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.quantities.table import quantity

if TYPE_CHECKING:
    import xarray as xr

Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, str]]

# What the error of a measurement is called, and its difference from a law.
STDERR = "standard error"
SCORE = "(measured - predicted)/standard error, as a normal score"

_COORDINATES = {
    "samples": ("number of training samples", "1"),
    "load": ("load n/d", "1"),
    "factor": ("latent factor", "1"),
    "eigenvalue": ("population eigenvalue", "data^2"),
    "multiplicity": ("dimension of the factor's eigenspace", "1"),
    "sigma": ("noise level", "data"),
    "level": ("convergence", "1"),
    "sample_block": ("last rank of the block, largest eigenvalue first", "1"),
    "population_block": ("last rank of the block, largest eigenvalue first", "1"),
    "seed": ("seed of splits, parameters and noise", "1"),
    "images": ("images seen", "images"),
    # Text has no units.
    "wish": ("wish", ""),
    "side": ("side of the split", ""),
    "theory": ("theory", ""),
}


def coordinate_attributes(name: str) -> dict[str, str]:
    """What a coordinate is called, and its units where it counts or measures something.

    Parameters
    ----------
    name : str
        Of a coordinate that has words here.

    Returns
    -------
    dict
        ``long_name``, and ``units`` unless it holds text.
    """
    words, units = _COORDINATES[name]
    return {"long_name": words, **({"units": units} if units else {})}


@dataclass
class Labelled:
    """What a prediction or a simulation gives.

    Attributes
    ----------
    variables, coordinates : dict
        Dimensions, values and attributes by name, as xarray takes them.
    attributes : dict
        Source, settings and versions.
    """

    variables: dict[str, Variable] = field(default_factory=dict)
    coordinates: dict[str, Variable] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    def add(self, key: str, values: ArrayLike) -> None:
        """Add a quantity, with dimensions and attributes of its row in the table.

        Parameters
        ----------
        key : str
            Of a registered quantity.
        values : array_like
            Along the dimensions of its row.
        """
        row = quantity(key)
        self.variables[key] = row.dims, np.asarray(values), row.attributes

    def mark(self, name: str, dim: str, values: ArrayLike) -> None:
        """Add a coordinate.

        Parameters
        ----------
        name : str
            One of those that have words here.
        dim : str
            Its dimension.
        values : array_like, shape (k,)
            Along it.
        """
        self.coordinates[name] = (dim,), np.asarray(values), coordinate_attributes(name)

    def __getitem__(self, name: str) -> NDArray[Any]:
        found = self.variables.get(name) or self.coordinates[name]
        return found[1]

    def get(self, name: str, default: ArrayLike) -> NDArray[Any]:
        """Values of a variable or coordinate, or the default where there is none."""
        return self[name] if name in self else np.asarray(default)

    def __contains__(self, name: object) -> bool:
        return name in self.variables or name in self.coordinates

    def dataset(self) -> xr.Dataset:
        """The same as a labelled data set, coordinates of unused dimensions left out.

        Returns
        -------
        xarray.Dataset
        """
        import xarray as xr

        used = {dim for dims, _, _ in self.variables.values() for dim in dims}
        coordinates = {
            name: each for name, each in self.coordinates.items() if used.issuperset(each[0])
        }
        return xr.Dataset(self.variables, coordinates, self.attributes)
