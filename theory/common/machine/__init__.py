"""How a process shares the machine: memory, threads of BLAS, other processes.

It may import the checks of common.
"""
