"""The one truth: configuration, derived parameters, command formats, memory map, arithmetic.

Nothing in this package imports a hardware description language.
"""
