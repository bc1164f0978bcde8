"""The routes of the API as methods."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from decimal import Decimal
from typing import Any, Iterable, Iterator, Mapping, Optional, Union

from .view import View

Day = Union[str, dt.date]

#: operationId of /openapi.json by method: tests hold one to the other.
OPERATIONS = {
    "session": "get_session", "clients": "list_clients", "views": "list_views",
    "live": "live", "status": "status", "view": "client_view", "view_of_all": "view",
    "plan": "get_plan", "approve": "approve_plan", "reject": "reject_plan",
    "apply": "apply_plan", "undo": "undo_plan", "acknowledge": "acknowledge_alert",
    "silence": "silence_alert", "feedback": "feedback_alert", "scenarios": "usual_scenarios",
    "ask_scenarios": "ask_scenarios", "propose_budgets": "propose_scenario",
    "optimize": "optimize", "rules": "get_rules", "policy": "get_policy",
    "document": "get_document", "run_job": "run_job", "halt": "halt",
}


class ApiError(Exception):
    """What the API refused: status, code, what, where, fix."""

    def __init__(self, status: int, error: Mapping[str, str], retry_after: Optional[int] = None):
        self.status = status
        self.code = error.get("code", "")
        self.what = error.get("what", "")
        self.where = error.get("where", "")
        self.fix = error.get("fix", "")
        self.retry_after = retry_after
        text = f"{status} {self.code}: {self.what}"
        super().__init__(text + (f" ({self.where})" if self.where else "")
                         + (f". {self.fix}" if self.fix else ""))


class Client:
    """Asks with an API key (`maxopt keys add`). Reads that find the server busy (429, 503) are asked
    again up to `tries` times; a write is asked again with the same Idempotency-Key, so it happens
    once."""

    def __init__(self, url: str, key: str, *, tries: int = 4, timeout: float = 600,
                 context: Optional[ssl.SSLContext] = None):
        self._url = url.rstrip("/")
        self._key = key
        self._tries = tries
        self._timeout = timeout
        self._context = context

    # --- reading -----------------------------------------------------------------------------

    def session(self) -> dict[str, Any]:
        return self._json("GET", "/session")

    def clients(self) -> list[dict[str, Any]]:
        return self._json("GET", "/clients")["clients"]

    def views(self) -> list[dict[str, Any]]:
        return self._json("GET", "/views")["views"]

    def live(self) -> dict[str, Any]:
        return self._json("GET", "/live")

    def status(self) -> dict[str, Any]:
        return self._json("GET", "/status")

    def view(self, name: str, client: Optional[str] = None, *, first: Optional[Day] = None,
             last: Optional[Day] = None, by: Iterable[str] = (), metrics: Iterable[str] = (),
             filters: Optional[Mapping[str, Iterable[str]]] = None, **more: Any) -> View:
        """One page of a view, of a client or across those that the key sees. `first` and `last` are
        the API's from and to; `more` are compare, as_of, sort, limit, cursor and the view's own."""
        return View.from_json(self._json(
            "GET", self._view_path(name, client),
            self._view_query(first, last, by, metrics, filters, more)))

    def pages(self, name: str, client: Optional[str] = None, **query: Any) -> Iterator[View]:
        """Every page of a view, one after the other."""
        while True:
            view = self.view(name, client, **query)
            yield view
            if not view.next:
                return
            query["cursor"] = view.next

    def download(self, name: str, client: Optional[str] = None, *, form: str = "csv",
                 first: Optional[Day] = None, last: Optional[Day] = None, by: Iterable[str] = (),
                 metrics: Iterable[str] = (),
                 filters: Optional[Mapping[str, Iterable[str]]] = None, **more: Any) -> bytes:
        """A view as a file: csv, jsonl, xlsx or parquet."""
        query = self._view_query(first, last, by, metrics, filters, more)
        query["form"] = form
        return self._ask("GET", self._view_path(name, client), query)[0]

    def plan(self, client: str, plan: str) -> dict[str, Any]:
        return self._json("GET", self._of(client, "plans", plan))

    def scenarios(self, client: str) -> dict[str, Any]:
        """The usual what-ifs."""
        return self._json("GET", self._of(client, "scenarios"))

    def rules(self, client: str) -> str:
        return self._ask("GET", self._of(client, "rules"))[0].decode()

    def policy(self, client: str) -> str:
        return self._ask("GET", self._of(client, "policy"))[0].decode()

    def document(self, client: str, name: str) -> str:
        return self._ask("GET", self._of(client, "documents") + "/" + _path(name))[0].decode()

    # --- writing -----------------------------------------------------------------------------

    def approve(self, client: str, plan: str, content_hash: str) -> dict[str, Any]:
        """`content_hash` is that of the plan as you looked at it (plan()["content_hash"])."""
        return self._json("POST", self._of(client, "plans", plan, "approve"),
                          body={"content_hash": content_hash})

    def reject(self, client: str, plan: str, why: str = "") -> dict[str, Any]:
        return self._json("POST", self._of(client, "plans", plan, "reject"), body={"why": why})

    def apply(self, client: str, plan: str) -> dict[str, Any]:
        return self._json("POST", self._of(client, "plans", plan, "apply"), body={})

    def undo(self, client: str, plan: str, only: Optional[list[str]] = None) -> dict[str, Any]:
        return self._json("POST", self._of(client, "plans", plan, "undo"),
                          body={"only": only} if only else {})

    def acknowledge(self, client: str, alert: str) -> dict[str, Any]:
        return self._json("POST", self._of(client, "alerts", alert, "acknowledge"), body={})

    def silence(self, client: str, alert: str, hours: int, why: str = "") -> dict[str, Any]:
        return self._json("POST", self._of(client, "alerts", alert, "silence"),
                          body={"hours": hours, "why": why})

    def feedback(self, client: str, alert: str, useful: bool, why: str = "") -> dict[str, Any]:
        return self._json("POST", self._of(client, "alerts", alert, "feedback"),
                          body={"useful": useful, "why": why})

    def ask_scenarios(self, client: str, scenarios: list[dict[str, Any]],
                      margin: Optional[float] = None) -> dict[str, Any]:
        body: dict[str, Any] = {"maxopt": "scenarios/1", "scenarios": scenarios}
        if margin is not None:
            body["margin"] = margin
        return self._json("POST", self._of(client, "scenarios"), body=body)

    def propose_budgets(self, client: str, budgets: Mapping[str, Union[str, Decimal]]
                        ) -> dict[str, Any]:
        """Daily budgets by channel, as a plan that waits for an approval."""
        for channel, amount in budgets.items():
            if isinstance(amount, float):
                raise TypeError(f"{channel}: money is a Decimal or a text, never a float")
        return self._json("POST", self._of(client, "scenarios", "plan"),
                          body={"budgets": {c: f"{Decimal(a):f}" for c, a in budgets.items()}})

    def optimize(self, client: str, levers: Iterable[str] = (), *, propose: bool = False
                 ) -> dict[str, Any]:
        return self._json("POST", self._of(client, "optimize"),
                          body={"levers": list(levers), "propose": propose})

    def run_job(self, key: str) -> dict[str, Any]:
        return self._json("POST", "/jobs/" + _path(key, "") + "/run", body={})

    def halt(self, halted: bool = True) -> dict[str, Any]:
        return self._json("POST", "/halt", body={"halted": halted})

    # --- how -----------------------------------------------------------------------------------

    @staticmethod
    def _of(client: str, *parts: str) -> str:
        return "/".join(["/clients", *(_path(p, "") for p in (client, *parts))])

    def _view_path(self, name: str, client: Optional[str]) -> str:
        return self._of(client, "views", name) if client else "/views/" + _path(name, "")

    @staticmethod
    def _view_query(first: Optional[Day], last: Optional[Day], by: Iterable[str],
                    metrics: Iterable[str], filters: Optional[Mapping[str, Iterable[str]]],
                    more: Mapping[str, Any]) -> dict[str, str]:
        query = {k: str(v) for k, v in more.items() if v is not None and v != ""}
        if first:
            query["from"] = str(first)
        if last:
            query["to"] = str(last)

        def joined(values: Iterable[str]) -> str:
            # A comma within a value is written twice.
            return ",".join(str(v).replace(",", ",,") for v in values)

        for name, values in (("by", by), ("metrics", metrics)):
            if values := list(values):
                query[name] = joined(values)
        for dimension, values in (filters or {}).items():
            query["filter." + dimension] = joined(values)
        return query

    def _json(self, method: str, path: str, query: Optional[Mapping[str, str]] = None,
              body: Optional[Mapping[str, Any]] = None) -> Any:
        return json.loads(self._ask(method, path, query, body)[0])

    def _ask(self, method: str, path: str, query: Optional[Mapping[str, str]] = None,
             body: Optional[Mapping[str, Any]] = None) -> tuple[bytes, Mapping[str, str]]:
        url = self._url + "/api/v1" + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        headers = {"Authorization": "Bearer " + self._key, "Accept": "application/json"}
        data = None
        if method != "GET":
            headers["Idempotency-Key"] = str(uuid.uuid4())
            headers["Content-Type"] = "application/json"
            data = json.dumps(body or {}).encode()
        for left in range(self._tries - 1, -1, -1):
            request = urllib.request.Request(url, data=data, headers=headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=self._timeout,
                                            context=self._context) as answer:
                    return answer.read(), answer.headers
            except urllib.error.HTTPError as failure:
                text = failure.read()
                wait = failure.headers.get("Retry-After")
                if left and wait and failure.code in (409, 429, 503):
                    time.sleep(min(int(wait), 30))
                    continue
                try:
                    error = json.loads(text)["error"]
                except (ValueError, KeyError, TypeError):
                    error = {"code": f"http_{failure.code}", "what": text.decode("utf-8", "replace")}
                raise ApiError(failure.code, error, int(wait) if wait else None) from None
        raise AssertionError("unreachable")


def _path(text: str, safe: str = "/") -> str:
    return urllib.parse.quote(text, safe=safe)
