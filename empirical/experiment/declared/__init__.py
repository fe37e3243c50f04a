"""What is declared of an experiment, where it is written, and what is decided before it runs.

It may import every room below experiment, and nothing beside it.
"""
