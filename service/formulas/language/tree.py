"""What a formula is: a tree of nodes, compared by what they hold, and how large it may be; nothing is simplified."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from operator import is_
from typing import Any, ClassVar

from service.formulas.language.tokens import FormulaError

_MOST_PARTS = 300
_HIGHEST_DEGREE = 256
_MOST_NESTED_EXPONENTIALS = 3


class Expr:
    """A formula, and every part of one.

    Its hash and its names are worked out once: formulas are the keys of everything that is remembered of them.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if self.__class__ is not other.__class__ or hash(self) != hash(other):
            return False
        return bool(self.__dict__["_held"] == other.__dict__["_held"])

    def __hash__(self) -> int:
        known: int | None = self.__dict__.get("_hash")
        if known is None:
            held = (self.__class__, *(getattr(self, name) for name in self.__match_args__))
            self.__dict__["_held"], known = held, hash(held)
            self.__dict__["_hash"] = known
        return known

    def __getstate__(self) -> dict[str, Any]:
        """Its fields alone: texts have other hashes in another process."""
        return {name: self.__dict__[name] for name in self.__match_args__}

    @property
    def _names(self) -> frozenset[str]:
        """The variable and the parameters that occur in it."""
        known: frozenset[str] | None = self.__dict__.get("_occurring")
        if known is None:
            known = self.__dict__["_occurring"] = self._own_names.union(*(child._names for child in self.children))
        return known

    @property
    def _own_names(self) -> frozenset[str]:
        return frozenset()

    @property
    def children(self) -> tuple["Expr", ...]:
        """The nodes right below this one."""
        return ()

    def with_children(self, parts: tuple["Expr", ...]) -> "Expr":
        """This node with `parts` in place of its children."""
        return self

    def count(self) -> int:
        """How many parts it has, itself included."""
        return 1 + sum(child.count() for child in self.children)

    def depends_on(self, name: str) -> bool:
        """Whether the variable or parameter `name` occurs in it."""
        known = self.__dict__.get("_occurring")
        return name in (self._names if known is None else known)

    def has_names(self) -> bool:
        """Whether the variable or a parameter occurs in it."""
        return bool(self._names)

    def negated(self) -> "Expr":
        """−self, as it is written; `build.negative` simplifies it."""
        return Product((MINUS_ONE, self))

    def check_size(self) -> None:
        """Raise FormulaError where it is larger than is worked with."""
        if self.count() > _MOST_PARTS:
            raise FormulaError(f"A formula has at most {_MOST_PARTS} parts.", 1)
        if _degree(self) > _HIGHEST_DEGREE:
            raise FormulaError(f"A formula has at most degree {_HIGHEST_DEGREE} in its powers.", 1)
        if _exponentials(self) > _MOST_NESTED_EXPONENTIALS:
            raise FormulaError(f"At most {_MOST_NESTED_EXPONENTIALS} exponentials may stand inside one another.", 1)

    def substituted(self, old: "Expr", new: "Expr") -> "Expr":
        """It with `new` wherever it had `old`; nothing is simplified, so what has no value keeps having none."""
        if self == old:
            return new
        before = self.children
        parts = tuple(child.substituted(old, new) for child in before)
        return self if all(map(is_, parts, before)) else self.with_children(parts)


@dataclass(frozen=True, eq=False)
class Number(Expr):
    """An exact rational number."""

    value: Fraction

    def negated(self) -> "Number":
        return Number(-self.value)


@dataclass(frozen=True, eq=False)
class Constant(Expr):
    """One of the constants `e` and `pi`."""

    name: str


@dataclass(frozen=True, eq=False)
class Symbol(Expr):
    """The variable, or a parameter."""

    name: str

    @property
    def _own_names(self) -> frozenset[str]:
        return frozenset((self.name,))


@dataclass(frozen=True, eq=False)
class Sum(Expr):
    """terms[0] + terms[1] + …"""

    terms: tuple[Expr, ...]

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.terms

    def with_children(self, parts: tuple[Expr, ...]) -> Expr:
        return Sum(parts)


@dataclass(frozen=True, eq=False)
class Product(Expr):
    """factors[0] · factors[1] · …; a quotient is a product with a power −1."""

    factors: tuple[Expr, ...]

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.factors

    def with_children(self, parts: tuple[Expr, ...]) -> Expr:
        return Product(parts)

    def negated(self) -> "Product":
        return Product((MINUS_ONE, *self.factors))


@dataclass(frozen=True, eq=False)
class Power(Expr):
    """A power base ^ exponent."""

    base: Expr
    exponent: Expr

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.base, self.exponent

    def with_children(self, parts: tuple[Expr, ...]) -> Expr:
        return Power(*parts)


@dataclass(frozen=True, eq=False)
class Call(Expr):
    """A function of the table `functions.FUNCTIONS`, or `min` or `max`."""

    function: str
    arguments: tuple[Expr, ...]

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.arguments

    def with_children(self, parts: tuple[Expr, ...]) -> Expr:
        return Call(self.function, parts)


@dataclass(frozen=True)
class Relation:
    """left < right, and so on: the condition of a `Where`."""

    left: Expr
    operator: str
    right: Expr


@dataclass(frozen=True, eq=False)
class Where(Expr):
    """`then` where the condition holds, `otherwise` elsewhere."""

    condition: Relation
    then: Expr
    otherwise: Expr

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.condition.left, self.condition.right, self.then, self.otherwise

    def with_children(self, parts: tuple[Expr, ...]) -> Expr:
        left, right, then, otherwise = parts
        return Where(Relation(left, self.condition.operator, right), then, otherwise)


ZERO, ONE, MINUS_ONE, TWO, HALF = (Number(Fraction(text)) for text in ("0", "1", "-1", "2", "1/2"))


def call(function: str, *arguments: Expr) -> Expr:
    """A function of these arguments as a formula."""
    return Call(function, arguments)


def joined(parts: Iterable[Expr], kind: type[Sum] | type[Product]) -> Expr:
    """A sum or product of `parts`, flat; the part itself where there is one."""
    flat = tuple(part for node in parts for part in (node.children if isinstance(node, kind) else (node,)))
    return flat[0] if len(flat) == 1 else kind(flat)


def _degree(node: Expr) -> int:
    """The degree of `node` as a polynomial; what is inside a function counts as it is."""
    match node:
        case Symbol():
            return 1
        case Product(factors):
            return sum(map(_degree, factors))
        case Power(base, Number(value)):
            return ceil(_degree(base) * abs(value))
    return max(map(_degree, node.children), default=0)


def _exponentials(node: Expr) -> int:
    """How many exponentials stand inside one another."""
    own = isinstance(node, Call) and node.function in ("exp", "sinh", "cosh")
    own = own or (isinstance(node, Power) and not isinstance(node.exponent, Number))
    return own + max(map(_exponentials, node.children), default=0)
