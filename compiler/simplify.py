"""What every model goes through before its operators are checked and compiled."""

from __future__ import annotations

from compiler.centred_weights import with_centred_weights
from compiler.computed_weights import with_products_of_tensors
from compiler.graph import Graph
from compiler.known_shapes import with_known_shapes
from compiler.lookups import with_lookups_as_gathers
from compiler.unsigned import with_signed_codes


def simplified(graph: Graph) -> Graph:
    """The same model in fewer kinds of operators."""
    known = with_lookups_as_gathers(with_known_shapes(graph))
    return with_products_of_tensors(with_centred_weights(with_signed_codes(known)))
