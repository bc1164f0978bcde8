"""The client against a server that answers as the API does, and against the API's own document."""

import inspect
import json
import os
import re
import threading
import unittest
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer

import maxopt
from maxopt import client as client_module

VIEW = {
    "view": "campaigns", "title": "Campaigns", "client": "Alpenglow",
    "as_of": "2026-04-29T10:00:00.5Z", "from": "2026-04-01", "to": "2026-04-28",
    "columns": [
        {"name": "campaign", "title": "Campaign", "kind": "text", "truth": "none"},
        {"name": "spend", "title": "Spend", "kind": "money", "truth": "claimed", "new": 1},
        {"name": "ctr", "title": "CTR", "kind": "ratio", "truth": "claimed"},
        {"name": "lift", "title": "Lift", "kind": "estimate", "truth": "incremental"},
        {"name": "seen", "title": "Seen", "kind": "instant", "truth": "none"},
        {"name": "day", "title": "Day", "kind": "day", "truth": "none"},
    ],
    "rows": [
        {"key": "1", "cells": ["A", {"amount": "12.30", "currency": "EUR"}, 0.034,
                               {"value": 1, "low": 0.5, "high": 2, "level": 0.9},
                               "2026-04-29T10:00:00Z", "2026-04-29"], "known": 0.8},
        {"key": "2", "cells": ["B", None, None, None, None, None]},
    ],
    "totals": [None, {"amount": "12.30", "currency": "EUR"}, None, None, None, None],
    "freshness": [], "notes": ["n"], "next": "",
}


class Server(BaseHTTPRequestHandler):
    seen = []
    answers = []

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        Server.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        status, headers, body = Server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer

    def log_message(self, *_):
        pass


class ClientTest(unittest.TestCase):
    def setUp(self):
        Server.seen, Server.answers = [], []
        self.server = HTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.max = maxopt.Client(f"http://127.0.0.1:{self.server.server_port}/", "mk_1_x")

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def test_view_has_typed_cells(self):
        Server.answers = [(200, {}, json.dumps(VIEW).encode())]
        view = self.max.view("campaigns", "Alpen/glow", first="2026-04-01", by=["a", "b,c"],
                             filters={"platform": ["meta"]}, sort="-spend")
        command, path, headers, _ = Server.seen[0]
        self.assertEqual(command, "GET")
        self.assertEqual(path, "/api/v1/clients/Alpen%2Fglow/views/campaigns?sort=-spend"
                               "&from=2026-04-01&by=a%2Cb%2C%2Cc&filter.platform=meta")
        self.assertEqual(headers["Authorization"], "Bearer mk_1_x")
        first, second = view.rows
        self.assertEqual(first["spend"], maxopt.Money(Decimal("12.30"), "EUR"))
        self.assertEqual(str(first["spend"]), "12.30 EUR")
        self.assertEqual(first["lift"].high, 2)
        self.assertEqual(first["seen"].isoformat(), "2026-04-29T10:00:00+00:00")
        self.assertEqual(view.as_of.microsecond, 500000)
        self.assertEqual(str(first["day"]), "2026-04-29")
        self.assertEqual(first.known, 0.8)
        self.assertIsNone(second["spend"])
        self.assertIsNone(second.known)
        self.assertEqual(view.totals["spend"].amount, Decimal("12.30"))
        with self.assertRaisesRegex(KeyError, "it has campaign, spend"):
            view.column("nothing")
        with self.assertRaises(ValueError):
            maxopt.Money(Decimal(1), "EUR") + maxopt.Money(Decimal(1), "USD")

    def test_pages_follow_the_cursor(self):
        Server.answers = [(200, {}, json.dumps({**VIEW, "next": "c.1"}).encode()),
                          (200, {}, json.dumps(VIEW).encode())]
        self.assertEqual(len(list(self.max.pages("campaigns", "A", limit=2))), 2)
        self.assertIn("cursor=c.1", Server.seen[1][1])

    def test_a_busy_server_is_asked_again_with_the_same_key(self):
        Server.answers = [(503, {"Retry-After": "0"}, b"{}"), (200, {}, b'{"plan":"p"}')]
        self.assertEqual(self.max.approve("A", "p", "0" * 64), {"plan": "p"})
        keys = [headers["Idempotency-Key"] for _, _, headers, _ in Server.seen]
        self.assertEqual(len(set(keys)), 1)
        self.assertEqual(json.loads(Server.seen[0][3]), {"content_hash": "0" * 64})

    def test_errors_say_what_where_and_what_to_do(self):
        body = {"error": {"code": "refused", "what": "no policy", "where": "/x", "fix": "write one"}}
        Server.answers = [(422, {}, json.dumps(body).encode()), (500, {}, b"<html>")]
        with self.assertRaises(maxopt.ApiError) as caught:
            self.max.apply("A", "p")
        self.assertEqual((caught.exception.status, caught.exception.code), (422, "refused"))
        self.assertIn("write one", str(caught.exception))
        with self.assertRaises(maxopt.ApiError) as caught:
            self.max.session()
        self.assertEqual(caught.exception.code, "http_500")

    def test_money_is_never_a_float(self):
        with self.assertRaises(TypeError):
            self.max.propose_budgets("A", {"meta/x": 12.3})
        Server.answers = [(201, {}, b'{"id":"p"}')]
        self.max.propose_budgets("A", {"meta/x": Decimal("1E+2"), "meta/y": "12.30"})
        self.assertEqual(json.loads(Server.seen[0][3]),
                         {"budgets": {"meta/x": "100", "meta/y": "12.30"}})

    def test_pandas_where_there_is_one(self):
        try:
            import pandas  # noqa: F401
        except ImportError:
            self.skipTest("pandas is optional and not here")
        frame = maxopt.View.from_json(VIEW).to_pandas()
        self.assertEqual(frame.loc["1", "spend"], Decimal("12.30"))
        self.assertEqual(frame.loc["1", "lift_low"], 0.5)


@unittest.skipUnless(os.environ.get("MAXOPT_OPENAPI"), "MAXOPT_OPENAPI names no /openapi.json")
class OpenApiTest(unittest.TestCase):
    """Every method asks a route that is described, with its parameters and required fields."""

    def test_every_method_is_a_described_route(self):
        with open(os.environ["MAXOPT_OPENAPI"], encoding="utf-8") as file:
            paths = json.load(file)["paths"]
        described = {operation["operationId"]: (method, path, operation)
                     for path, methods in paths.items() for method, operation in methods.items()}
        asked = []
        probe = maxopt.Client("http://x", "k")
        probe._ask = lambda method, path, query=None, body=None: (
            asked.append((method, path, body)) or (json.dumps(
                {**VIEW, "clients": [], "views": [], "id": ""}).encode(), {}))
        for name, operation_id in client_module.OPERATIONS.items():
            self.assertIn(operation_id, described)
            method, pattern, operation = described[operation_id]
            call = getattr(probe, "view" if name == "view_of_all" else name)
            values = {"name": "campaigns", "client": "A", "plan": "p", "alert": "a", "key": "k",
                      "content_hash": "0" * 64, "hours": 1, "useful": True, "scenarios": [],
                      "budgets": {"c": "1"}}
            arguments = [values[p.name] for p in inspect.signature(call).parameters.values()
                         if p.default is inspect.Parameter.empty
                         and p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
            if name == "view":
                arguments = ["campaigns", "A"]
            call(*arguments)
            sent_method, sent_path, body = asked[-1]
            self.assertEqual(sent_method.lower(), method, name)
            shape = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(pattern))
            self.assertRegex("/api/v1" + sent_path, "^" + shape + "$", name)
            if body is not None:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                self.assertLessEqual(set(body), set(schema["properties"]), name)
                self.assertLessEqual(set(schema.get("required", [])), set(body), name)


if __name__ == "__main__":
    unittest.main()
