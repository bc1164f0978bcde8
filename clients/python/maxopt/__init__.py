"""Max Optimizer's HTTP API for notebooks and programs. Standard library only.

    from maxopt import Client
    max = Client("http://127.0.0.1:8787", key="mk_...")
    view = max.view("campaigns", client="Alpenglow", compare="previous")
    for row in view.rows:
        print(row["campaign"], row["spend"])

Money is `Money(amount: Decimal, currency: str)`, never a float; what is not known is None, never 0.
"""

from .client import ApiError, Client
from .view import Column, Estimate, Money, Row, View

__all__ = ["ApiError", "Client", "Column", "Estimate", "Money", "Row", "View"]
