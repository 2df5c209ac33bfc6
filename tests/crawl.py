"""Asks the portal for everything that a person can ask for, without being told what there is.

The addresses come from the resolver. What stands in their arguments is found by asking once with a number that does not
exist and reading from the queries in which table and column it was looked for: then every row of that table is tried, one's
own and the others'. Whatever links and forms the pages show is followed too, and every answer is kept as one readable text.
"""

import html
import io
import json
import re
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from urllib.parse import unquote, urljoin, urlsplit

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.cache import SessionStore
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, URLResolver, get_resolver, resolve, reverse
from django.urls.converters import IntConverter

from assessments.models import (
    Assessor,
    Entry,
    ExcellenceYear,
    Indicator,
    IndicatorSet,
    RemarkCheck,
    ScoringRun,
    SetVersion,
    StudyExpert,
    StudyGroup,
)
from products.models import ExemplarFile, Product, ProductFile, QualityMark
from secretariat.models import ActionItem, Agency, CouncilImport
from tests import named_files
from tests.blind_world import ROOMS

NOWHERE, NOBODY = 987654321, "zz9nobody"
NEWEST = 1  # rows of each table that are tried, beside those that are chosen
MOST_PAGES = 3000  # of one person
_LOOKED_FOR = re.compile(rf'"(\w+)"\."(\w+)" (?:=|IN \() ?\'?(?:{NOWHERE}|{NOBODY})')
_LINK = re.compile(r"""(?:href|src|action|hx-get|data-url|data-src|poster)=["']([^"'#]+)""")

# What stands in an address, by the name of the argument: words, or a column of a model. Only “pk” says nothing by itself.
# What may be moved, and how, its model says.
FILLED = {
    "action": ["accept"],
    "kind": RemarkCheck.Kind.values,
    "word": ["in", "out"],
    "form": ["csv", "json", "jwt"],
    "purpose": ["revocation", "suspension"],
    "status": ActionItem.Status.values,
    "uidb64": ["MQ"],
    "token": ["a-guess"],
    "slug": (Agency, "slug"),
    "code": (IndicatorSet, "code"),
    "number": (SetVersion, "number"),
    "serial": (QualityMark, "serial"),
    "evidence": (ExemplarFile, "id"),
    "agency": (Agency, "id"),
    "assessor": (Assessor, "id"),
    "entry": (Entry, "id"),
    "expert": (StudyExpert, "id"),
    "file_id": (ProductFile, "id"),
    "group": (StudyGroup, "id"),
    "indicator": (Indicator, "id"),
    "product": (Product, "id"),
    "run": (ScoringRun, "id"),
}
# Whose “pk” it is, where an address refuses before it looks for it.
PKS = {
    "council_import_detail": (CouncilImport, "id"),
    "api-product-file": (Product, "id"), "self_assessment_start": (ExcellenceYear, "id"),
    "set_node": (Indicator, "id"), "set_node_delete": (Indicator, "id"),
}  # fmt: skip


class CannotAsk(AssertionError):
    """An address that is new to the crawl: the world, or WORDS, must learn what stands in it."""


@dataclass(frozen=True)
class Address:
    """A named address and its arguments in order; a regular expression of DRF's router counts as well."""

    name: str
    arguments: tuple
    numbers: tuple = ()  # those of the arguments that must be numbers


@dataclass
class Answer:
    """What came back: how it was asked for, the status, and all that can be read of it."""

    method: str
    url: str
    status: int
    text: str
    lasting: str  # of that what is the same from one asking to the next, as far as the format tells
    headers: dict = field(default_factory=dict)  # with which it was asked for
    names: set = field(default_factory=set)  # of the addresses under which it was asked for

    @property
    def is_refused(self):
        """Whether there is no such thing for this person, or only the way to the front door."""
        return self.status in (401, 404) or (self.status == 302 and f"Location: {reverse('sign_in')}" in self.text)


# --- which addresses there are ---------------------------------------------------------------------


def addresses(resolver=None, space="", arguments=(), numbers=()):
    """Every named address of the portal with its arguments, the administration's too."""
    for part in (resolver or get_resolver()).url_patterns:
        converters = getattr(part.pattern, "converters", {})
        known = (*arguments, *(converters or part.pattern.regex.groupindex))
        counted = (*numbers, *(name for name, one in converters.items() if isinstance(one, IntConverter)))
        if isinstance(part, URLResolver):
            yield from addresses(part, f"{part.namespace}:" if part.namespace else space, known, counted)
        elif part.name:
            yield Address(f"{space}{part.name}", known, counted)
        elif space != "admin:":  # whose old addresses only lead on
            raise CannotAsk(f"the address {part.pattern} has no name to ask for it by")


def every_address(admin=False):
    found = {address for address in addresses() if address.name.startswith("admin:") is admin}
    return sorted(found, key=lambda address: (address.name, address.arguments))


# --- what can stand in them ------------------------------------------------------------------------


# address → where its “pk” is looked for: a fact of the code, so asked once a process.
_places = {}


class Rows:
    """For each argument of an address the values with which it is worth asking."""

    def __init__(self, everybody, chosen=()):
        self.everybody, self.chosen, self.columns = everybody, chosen, {}
        self.of_table = {m._meta.db_table: m for room in ROOMS for m in apps.get_app_config(room).get_models()}

    def urls(self, address):
        """Every URL of an address that is worth asking for."""
        return [url for values in self._filled(address, ()) if (url := _reversed(address, values))]

    def _filled(self, address, values):
        if len(values) == len(address.arguments):
            return [values]
        return [filled for value in self._values(address, values) for filled in self._filled(address, (*values, value))]

    def _values(self, address, before):
        argument = address.arguments[len(before)]
        if argument == "action":
            return sorted(_places[address][0].MOVES)
        known = (PKS.get(address.name) if argument == "pk" else FILLED.get(argument)) or self._place_of(address, before)
        if isinstance(known, list):
            return known
        if not known:
            raise CannotAsk(f"{address.name}: nobody could make it look for its “{argument}”: tell FILLED or PKS what that is")
        model, column = known
        if not (found := self._column(model, column)):
            raise CannotAsk(f"{address.name}: the world holds no {model.__name__} that could stand in it")
        return found

    def _column(self, model, column):
        if (model, column) not in self.columns:
            rows = model._base_manager.exclude(**{column: None}).values_list(column, flat=True)
            chosen = rows.filter(pk__in=self.chosen) if model._meta.pk.get_internal_type() == "BigAutoField" else ()
            self.columns[model, column] = sorted({*chosen, *rows.order_by("-pk")[:NEWEST]}, key=str)
        return self.columns[model, column]

    def _place_of(self, address, before):
        """The table and column in which an address looks for its next argument."""
        if address not in _places:
            _places[address] = self._look(address, before)
        return _places[address]

    def _look(self, address, before):
        """Ask for what is not there, as all kinds of people, and see where it was looked for."""
        url = _reversed(address, (*before, *(_nowhere(name) for name in address.arguments[len(before) :])))
        for user, method in product(self.everybody, ("GET", "POST")):
            for table, column in _looked_at(user, method, url):
                if model := self.of_table.get(table):
                    return model, next(field.attname for field in model._meta.concrete_fields if field.column == column)
        return None


def _looked_at(user, method, url):
    """The tables and columns in which a view looks for what is nowhere; the view alone, for no page is wanted."""
    request = RequestFactory().generic(method, url)
    request.user, request.session, request._dont_enforce_csrf_checks = user or AnonymousUser(), SessionStore(), True
    view, args, kwargs = resolve(url)
    connection.queries_log.clear()  # it keeps nine thousand, and counts from where it stood
    with CaptureQueriesContext(connection) as asked, transaction.atomic():
        with suppress(Exception):  # that it is not found is why we ask
            view(request, *args, **kwargs)
        transaction.set_rollback(True)
    return [place for query in asked.captured_queries for place in _LOOKED_FOR.findall(query["sql"])]


def _nowhere(argument):
    known = FILLED.get(argument, ())
    return known[0] if isinstance(known, list) else NOBODY if argument in ("slug", "code", "serial") else NOWHERE


def _reversed(address, values):
    for given in ({"args": values}, {"kwargs": dict(zip(address.arguments, values, strict=True))}):
        try:
            return reverse(address.name, **given)
        except (NoReverseMatch, ValueError):
            continue
    return None


# --- asking ----------------------------------------------------------------------------------------


def signed_in(user, language="fa"):
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    client.cookies["language"] = language
    return client


def fetch(client, method, url, data=None, **headers):
    """One request whose effects are taken back."""
    kept = client.cookies.copy()
    with transaction.atomic():
        response = getattr(client, method)(url, data or {}, headers=headers)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    client.cookies = kept
    return Answer(method.upper(), url, response.status_code, *readable(response, body), headers)


def readable(response, body):
    """Headers and body as a reader could come to read them, unpacked, unescaped, in the clear; and what of it lasts."""
    said = "\n".join(f"{name}: {unquote(value)}" for name, value in response.headers.items())
    lasting = "\n".join(line for line in said.split("\n") if not line.startswith(("Expires", "Content-Length")))
    kind = response.headers.get("Content-Type", "")
    if kind.startswith(("text/", "application/json", "application/xml", "application/vnd.oai")):
        text = body.decode(errors="replace")
        if "json" in kind:
            text += json.dumps(json.loads(text or "null"), ensure_ascii=False)
        text = f"{text}\n{unquote(html.unescape(text))}"
        return f"{said}\n{text}", f"{lasting}\n{text}"
    text = _everything(body)
    if not body.startswith(b"PK\x03\x04"):
        return f"{said}\n{text}", f"{lasting}\n{text}"
    with zipfile.ZipFile(io.BytesIO(body)) as package:  # whose entries are dated
        parts = [package.read(name) for name in sorted(package.namelist()) if not name.startswith("docProps/")]
    return f"{said}\n{text}", f"{lasting}\n{b''.join(parts).decode(errors='replace')}"


@lru_cache(maxsize=200)
def _everything(body):
    return named_files.everything(body).decode(errors="replace")


# (address, method) that no view takes, whoever asks: what cannot be read is sent to instead.
_not_allowed = set()


def crawl(user, rows, asked_for, methods=("get", "post"), follows=True, but=()):
    """Every answer that this person gets at these addresses, as it comes; last what pages lead to, if it `follows` them.

    `but` are paths that are known well enough to be led to no more.
    """
    client, found, waiting = signed_in(user), {}, []

    def ask(method, url, name=None, **headers):
        key = (method, url, *headers.values())
        is_new = key not in found
        if is_new:
            found[key] = fetch(client, method, url, **headers)
            if method == "get" and found[key].status == 200:
                waiting.extend(_links(found[key]))
        if name:
            found[key].names.add(name)
        return [found[key]] if is_new else []

    for address in asked_for:
        for url in rows.urls(address):
            for method in [one for one in methods if (address, one) not in _not_allowed] or ["post"]:
                with _looking() as looked_up:
                    yield from ask(method, url, address.name)
                answer = found[method, url]
                if answer.status == 405:
                    _not_allowed.add((address, method))
                if answer.is_refused:
                    break
            if address.name.startswith("api") and not answer.is_refused:
                yield from ask("get", url, address.name, accept="application/json")
            if answer.is_refused and (answer.status != 404 or not looked_up(url)):
                break  # not a page for this person, whatever stands in its address
    while follows and waiting:
        link = waiting.pop()
        yield from () if link.startswith(tuple(but)) else ask("get", link)
        assert len(found) < MOST_PAGES, "the pages lead on without end"


@contextmanager
def _looking():
    """Gives a function that says whether any part of a URL was looked for in the database meanwhile."""
    connection.queries_log.clear()
    with CaptureQueriesContext(connection) as asked:
        yield lambda url: _looked_for(url, asked.captured_queries)


def _looked_for(url, queries):
    parts = [part for part in url.strip("/").split("/") if part]
    said = "\n".join(query["sql"] for query in queries)
    return any(re.search(rf"(?:=|IN \() ?'?{re.escape(part)}\b", said) for part in parts)


def _links(answer):
    """Addresses within the portal to which a page leads; files of its looks aside."""
    if "text/html" not in answer.text[:2000]:
        return []
    links = {urljoin(answer.url, html.unescape(link)) for link in _LINK.findall(answer.text)}
    return sorted(
        link for link in links if link.startswith("/") and not link.startswith(("/static/", "//")) and not _endless(link)
    )


def _endless(link):
    """Sorting a list this and that way leads to ever new addresses of the same rows."""
    query = urlsplit(link).query
    return "&" in query or query.startswith("sort=")
