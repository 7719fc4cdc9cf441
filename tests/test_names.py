"""Names of a cell: the same answer on every Python."""

import pytest
from names import top_level_names

CELLS = {
    "assignment": ("a, (b, *c) = d", "a b c", "d"),
    "comprehension": ("a = [x * k for x in xs if x > t]", "a", "xs k t"),
    "nested": ("a = {y: z for z in u for y in z}", "a", "u"),
    "inner": ("a = [[y + w for y in x] for x in v]", "a", "v w"),
    "generator": ("a = sum(x for x in v)", "a", "v sum"),
    "first iterable of the same name": ("a = [x for x in x]", "a", "x"),
    "walrus": ("a = [(last := x) for x in v]", "a last", "v last"),
    "function": ("def f(q):\n    w = 1\n    return [q + w + g for q in w]", "f", "g"),
    "loop": ("for i in v:\n    total += i", "i total", "v i"),
    "import": ("import torch.nn\nfrom a import b as c", "torch c", ""),
    "class": ("class A(B):\n    x = [y for y in z]", "A", "B z"),
    "lambda": ("f = lambda x: x + y", "f", "y"),
}


@pytest.mark.parametrize("name", CELLS)
def test_names_of_a_cell(name):
    source, bound, read = CELLS[name]
    assert top_level_names(source) == (set(bound.split()), set(read.split()))
