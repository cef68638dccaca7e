"""The sealed functions: the only code that parses a file's bytes, run in the cage and nowhere else.

The modules here import their native libraries at the top, since nothing can be imported once a child is sealed; the
cage's zygotes import them before they fork. Web processes and workers never do: they know a sealed function only by
its name, as a `SealedName`.
"""
