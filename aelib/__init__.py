"""The small shared library of the book on autoencoders.

Import from the modules, not from here: `from aelib import data, losses, models`.
"""
