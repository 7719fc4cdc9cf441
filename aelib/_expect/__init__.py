"""What functions ask of their arguments, said once: "x must be ..., got ...".

Every check names the argument and raises TypeError for a thing of another kind and
ValueError for a wrong one of the right kind. Those of numbers return the plain number,
so that one of NumPy is turned into Python's at the door. No check of a tensor but
`values` and `finite` reads what is in it: that would make a GPU wait.
"""

from aelib._expect.plain import (
    flag,
    function,
    instance,
    integer,
    length,
    mapping,
    number,
    sequence,
    sizes,
    text,
)
from aelib._expect.tensors import (
    alike,
    codes,
    examples,
    finite,
    floating,
    generator,
    held,
    images,
    labels,
    like_parameters,
    measured,
    pair,
    positive,
    precise,
    real,
    same_device,
    tensor,
    together,
    values,
)

__all__ = [
    "alike",
    "codes",
    "examples",
    "finite",
    "flag",
    "floating",
    "function",
    "generator",
    "held",
    "images",
    "instance",
    "integer",
    "labels",
    "length",
    "like_parameters",
    "mapping",
    "measured",
    "number",
    "pair",
    "positive",
    "precise",
    "real",
    "same_device",
    "sequence",
    "sizes",
    "tensor",
    "text",
    "together",
    "values",
]
