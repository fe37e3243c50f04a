"""Data-parallel training under ``torchrun``: each process takes its share of every batch."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from convergen.theory.common.checks import InputError


@dataclass(frozen=True)
class Group:
    """The processes that train one model together.

    Attributes
    ----------
    rank : int
        Which of them this is; 0 writes the files.
    size : int
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def current(cls) -> Group:
        """The group of this process: alone, unless started by ``torchrun``.

        Returns
        -------
        Group
        """
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return cls(distributed.get_rank(), size)

    def share(self, whole: Tensor) -> Tensor:
        """The part of a batch that falls to one process.

        Parameters
        ----------
        whole : Tensor, shape (batch, …)
            The same in every process.

        Returns
        -------
        Tensor, shape (batch/size, …)

        Raises
        ------
        InputError
            If the batch cannot be divided evenly.
        """
        if len(whole) % self.size:
            raise InputError(
                f"a batch of {len(whole)} cannot be shared by {self.size} processes: make batch a "
                f"multiple of {self.size}."
            )
        return whole[self.rank :: self.size]

    def average(self, tensors: list[Tensor]) -> None:
        """Replace tensors by their mean over the processes.

        Parameters
        ----------
        tensors : list of Tensor
            Changed in place.
        """
        if self.size > 1:
            for tensor in tensors:
                distributed.all_reduce(tensor)
                tensor /= self.size

    def mean(self, tensor: Tensor) -> Tensor:
        """Mean of one tensor over the processes.

        Parameters
        ----------
        tensor : Tensor
            Left as it is.

        Returns
        -------
        Tensor
        """
        result = tensor.clone()
        self.average([result])
        return result
