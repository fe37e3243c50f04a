"""Run folders: checked files, checkpoints, results, locks.

It may import common.
"""
