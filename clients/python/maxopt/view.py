"""A view: a table of typed cells, as the API answers it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Iterator, Mapping, Optional


@dataclass(frozen=True)
class Money:
    """An exact amount of one currency. Two currencies are never added."""

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} are not added")
        return Money(self.amount + other.amount, self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True)
class Estimate:
    """A number that is not known exactly: low <= value <= high hold with probability `level`."""

    value: float
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        return f"{self.value:g} ({self.low:g} to {self.high:g})"


@dataclass(frozen=True)
class Column:
    name: str
    title: str
    kind: str  # text, count, real, ratio, money, estimate, day, instant, flag
    truth: str  # none, claimed, observed, incremental, plan: never added to each other
    unit: str = ""
    help: str = ""
    better: int = 0
    group: str = ""


def _cell(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "money":
        return Money(Decimal(value["amount"]), value["currency"])
    if kind == "estimate":
        return Estimate(value["value"], value["low"], value["high"], value["level"])
    if kind == "day":
        return dt.date.fromisoformat(value)
    if kind == "instant":
        return dt.datetime.fromisoformat(_micros(value))
    return value


def _micros(text: str) -> str:
    """Six decimals and a numeric offset, which every Python 3.8 reads."""
    body, dot, rest = text.rstrip("Z").partition(".")
    return f"{body}.{rest.ljust(6, '0')[:6]}+00:00" if dot else f"{body}+00:00"


@dataclass(frozen=True)
class Row(Mapping[str, Any]):
    """Cells by their column's name; absent is None."""

    key: str
    cells: Mapping[str, Any]
    known: Optional[float] = None  # share of the period's final conversions known by now
    parent: str = ""
    link: str = ""
    tone: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.cells[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)


@dataclass
class View:
    name: str
    title: str
    client: str
    as_of: dt.datetime
    columns: list[Column]
    rows: list[Row]
    totals: Optional[Row] = None
    first: Optional[dt.date] = None
    last: Optional[dt.date] = None
    freshness: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    next: str = ""

    @staticmethod
    def from_json(json: Mapping[str, Any]) -> "View":
        known = Column.__dataclass_fields__
        columns = [Column(**{k: v for k, v in c.items() if k in known}) for c in json["columns"]]

        def cells(values: list[Any]) -> dict[str, Any]:
            if len(values) != len(columns):
                raise ValueError(f"a row has {len(values)} cells for {len(columns)} columns")
            return {c.name: _cell(v, c.kind) for c, v in zip(columns, values)}

        rows = [
            Row(r["key"], cells(r["cells"]), r.get("known"), r.get("parent") or "",
                r.get("link") or "", r.get("tone") or "")
            for r in json["rows"]
        ]
        totals = json.get("totals")

        def day(name: str) -> Optional[dt.date]:
            return dt.date.fromisoformat(json[name]) if json.get(name) else None

        return View(
            name=json["view"], title=json["title"], client=json.get("client") or "",
            as_of=dt.datetime.fromisoformat(_micros(json["as_of"])), columns=columns, rows=rows,
            totals=Row("totals", cells(totals)) if totals else None, first=day("from"),
            last=day("to"), freshness=list(json.get("freshness") or []),
            notes=list(json.get("notes") or []), next=json.get("next") or "")

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        known = ", ".join(c.name for c in self.columns)
        raise KeyError(f"{self.name} has no column {name}; it has {known}")

    def to_pandas(self):
        """A DataFrame indexed by the rows' keys. Money becomes Decimal objects with the currency in
        a column beside, an estimate three columns; absent stays absent."""
        import pandas  # only here: the rest needs nothing

        data: dict[str, list[Any]] = {}
        for column in self.columns:
            values = [row[column.name] for row in self.rows]
            if column.kind == "money":
                data[column.name] = [v.amount if v else None for v in values]
                data[column.name + "_currency"] = [v.currency if v else None for v in values]
            elif column.kind == "estimate":
                data[column.name] = [v.value if v else None for v in values]
                data[column.name + "_low"] = [v.low if v else None for v in values]
                data[column.name + "_high"] = [v.high if v else None for v in values]
            else:
                data[column.name] = values
        frame = pandas.DataFrame(data, index=[row.key for row in self.rows])
        frame.index.name = "key"
        return frame
