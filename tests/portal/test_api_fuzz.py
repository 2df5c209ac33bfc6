"""The API against its own schema: whatever is sent, nothing breaks and every answer is one that the schema tells of."""

from collections import Counter

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from rest_framework.authtoken.models import Token
from rest_framework.throttling import SimpleRateThrottle
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from assessments.services import runs
from tests import council, factories

pytestmark = pytest.mark.django_db

# The same words every time: a failure is found again, and the run takes as long as it took before.
BOUNDED = settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
OPEN = ("/api/v1/kinds/", "/api/v1/marks/", "/api/v1/rounds/", "/api/v1/sets/")


@pytest.fixture
def schema(monkeypatch):
    """The schema as the site gives it out; how often one may ask is another test's matter."""
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"anon": None, "user": None})
    # As Django's own test client does: the end of a request must not end the test's transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application())
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations(schema, of):
    found = [result.ok() for result in schema.get_all_operations()]
    return [operation for operation in found if operation.path.startswith(of)]


def probe(operation, mode=GenerationMode.POSITIVE, known=None, **request):
    """Send what the schema allows (or, in the negative mode, forbids) and count the answers by code.

    Path parameters named in `known` are those of rows that are there.
    """
    answers = Counter()

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def every(case):
        case.path_parameters.update({name: value for name, value in (known or {}).items() if name in case.path_parameters})
        answers[case.call_and_validate(checks=CHECKS, **request).status_code] += 1

    every()
    return answers


def test_public_reading_keeps_to_the_schema(schema):
    mark = council.granted_mark()
    version = mark.score.entry.sheet.parts.get().version
    round_ = factories.published(factories.round_("moderation"))
    public = operations(schema, of=OPEN)
    assert {operation.method for operation in public} == {"get"} and len(public) == 9
    for operation in public:
        probe(operation)
        code = mark.product.kind.code if "/kinds/" in operation.path else version.set.code
        answers = probe(operation, known={"serial": mark.serial, "code": code, "number": version.number, "id": round_.pk})
        assert answers[200], operation.label


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_an_agencys_products_keep_to_the_schema(schema, mode):
    agency = factories.agency()
    person = factories.representative(agency)
    token = {"Authorization": f"Token {Token.objects.create(user=person).key}"}
    succeeded = Counter()
    for operation in operations(schema, of="/api/v1/products/"):
        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue
        draft = factories.product(agency_=agency)
        answers = probe(operation, mode, {"id": draft.pk}, headers=token)
        assert set(probe(operation, mode, {"id": draft.pk})) <= {401}, operation.label
        succeeded[operation.label] = sum(count for code, count in answers.items() if code < 300)
    if mode is GenerationMode.POSITIVE:
        for reached in ("GET /api/v1/products/", "GET /api/v1/products/{id}/", "POST /api/v1/products/{id}/withdraw/"):
            assert succeeded[reached], succeeded


def test_scores_keep_to_the_schema_and_to_their_readers(schema):
    judged = factories.entry()
    for value in (5, 4, 3):
        factories.submitted_assessment(judged, value)
    runs.rescore_round(judged.round_id)
    factories.published(judged.round)
    person = factories.representative(judged.subject.agency)
    token = {"Authorization": f"Token {Token.objects.create(user=person).key}"}
    stranger = {"Authorization": f"Token {Token.objects.create(user=factories.representative()).key}"}
    for operation in operations(schema, of="/api/v1/scores/"):
        known = {"id": judged.pk}
        assert probe(operation, known=known, headers=token)[200], operation.label
        assert set(probe(operation, known=known)) <= {401}, operation.label
        assert set(probe(operation, known=known, headers=stranger)) <= ({404} if "{id}" in operation.path else {200, 400, 404})


def test_an_address_that_is_nothings_is_said_in_json(client):
    for address in ("/api/v1/nothing/", "/api/v1/marks/a.b/", "/api/v1/"):
        for answer in (client.get(address), client.post(address)):
            assert (answer.status_code, answer["Content-Type"]) == (404, "application/json"), address
    assert client.get("/api/v1/kinds").url == "/api/v1/kinds/"
