"""`python -m projchat` is the command `projchat`."""

from .cli import main

main()
