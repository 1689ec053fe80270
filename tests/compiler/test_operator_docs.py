"""The table of supported operators."""

from __future__ import annotations

from compiler import constraints
from compiler.operator_docs import DOCUMENT, markdown, types_text
from compiler.operators import SPECS
from tests import elementwise_cases
from tests.compiler.cases import CASES
from tests.float_cases import FLOATS
from tests.movement_cases import MOVEMENT
from tests.product_cases import PRODUCTS
from tests.sampling_cases import SAMPLING


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == markdown(), "run python -m compiler.operator_docs"


def test_the_document_has_every_rule_of_every_operator() -> None:
    text = markdown()
    for kind in SPECS:
        assert f"\n### {kind.name}\n" in text
        assert f"| [{kind.name}](#{kind.name.lower()}) | {types_text(kind)} | " in text
        for rule in constraints.rules_of(kind):
            assert f"- {constraints.rule_of(rule)}\n" in text
            assert constraints.rule_of(rule).endswith(".")


def test_every_operator_has_a_random_case() -> None:
    named = {*CASES, *MOVEMENT, *SAMPLING, *PRODUCTS, *FLOATS, "tile", "custom"}
    names = {name.upper() for name in named} | {case.kind for case in elementwise_cases.CASES}
    assert {kind.name for kind in SPECS} <= names
