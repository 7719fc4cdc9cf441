"""Which names a cell binds, and which it reads. Needs nothing but Python itself.

Since Python 3.12 comprehensions are inlined, and `symtable` reports their names as if
the cell had bound them. So comprehensions are turned into functions before it looks.
"""

import ast
import symtable

COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class AsFunctions(ast.NodeTransformer):
    """`[f(x) for x in xs if c]` becomes `(xs, lambda x: (f(x), c))`.

    The first iterable is read outside, and `:=` binds outside, as Python does it.
    """

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        return _as_function(node) if isinstance(node, COMPREHENSIONS) else node


def _as_function(node: COMPREHENSIONS) -> ast.AST:
    names = {
        name.id
        for part in node.generators
        for name in ast.walk(part.target)
        if isinstance(name, ast.Name)
    }
    results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    conditions = [condition for part in node.generators for condition in part.ifs]
    first, *others = (part.iter for part in node.generators)
    body = ast.Tuple([*results, *conditions, *others], ast.Load())
    bound = [x for x in ast.walk(body) if isinstance(x, ast.NamedExpr)]
    body = _Unbound().visit(body)
    function = ast.parse(f"lambda {', '.join(sorted(names))}: 0", mode="eval").body
    function.body = body
    outside = [ast.NamedExpr(x.target, ast.Constant(None)) for x in bound]
    return ast.Tuple([first, function, *outside], ast.Load())


class _Unbound(ast.NodeTransformer):
    """`(x := value)` becomes `(x, value)`."""

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        self.generic_visit(node)
        return ast.Tuple([ast.Name(node.target.id, ast.Load()), node.value], ast.Load())


def top_level_names(source: str) -> tuple[set[str], set[str]]:
    """Names that a cell binds at its top level, and global names it reads anywhere."""
    tree = AsFunctions().visit(ast.parse(source))
    code = ast.unparse(ast.fix_missing_locations(tree))
    table = symtable.symtable(code, "cell", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    bound |= {s.get_name() for s in table.get_symbols() if s.is_imported()}
    read = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    waiting = list(table.get_children())
    while waiting:
        inner = waiting.pop()
        waiting += inner.get_children()
        read |= {
            s.get_name()
            for s in inner.get_symbols()
            if s.is_global() and s.is_referenced()
        }
    return bound, read
