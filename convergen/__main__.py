"""``python -m convergen``."""

from convergen.cli import main

main()
