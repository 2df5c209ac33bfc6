"""What every API of the house shares: refusals in words, idempotent writes."""

import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from secretariat.errors import RuleBroken, Stale
from secretariat.models import FormKey

IDEMPOTENCY_HEADER = "Idempotency-Key"


def refusals(error, context):
    """DRF's handler, and ours: a broken rule is 400 (`field` names where), a stale write 409."""
    if isinstance(error, RuleBroken):
        set_rollback()
        body = {"detail": str(error)}
        if error.field:
            body["field"] = error.field
        if problems := getattr(error, "problems", None):
            body["problems"] = [{"field": problem.name, "where": problem.label, "detail": problem.sentence} for problem in problems]
        code = status.HTTP_409_CONFLICT if isinstance(error, Stale) else status.HTTP_400_BAD_REQUEST
        return Response(body, status=code)
    return exception_handler(error, context)


REFUSAL = {
    "type": "object",
    "description": "Why not, in words: `detail`, or for each field of yours a list of sentences.",
    "properties": {
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "Where in the form the broken rule is."},
        "problems": {
            "type": "array",
            "items": {"type": "object", "properties": {name: {"type": "string"} for name in ("field", "where", "detail")}},
        },
    },
    "additionalProperties": True,
}
REFUSED_READ = {
    "400": "A filter or the body says what cannot be.",
    "401": "The token is missing or wrong.",
    "404": "There is no such thing, or it is not yours.",
    "429": "Too many requests; try again later.",
}
REFUSED_WRITE = {
    **REFUSED_READ,
    "403": "You may not.",
    "409": "Somebody saved since you read it.",
    "415": "The body is of a type that is not read here.",
}


def tell_refusals(result, generator, request, public):
    """Name in the schema what every operation may answer besides success (a hook of drf-spectacular)."""
    result["components"].setdefault("schemas", {})["Refusal"] = REFUSAL
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            for code, words in (REFUSED_READ if method == "get" else REFUSED_WRITE).items():
                operation["responses"].setdefault(code, {"description": words, "content": content})
    return result


def once(request, act):
    """Run `act()` → (location, response) once for the caller's Idempotency-Key; a repetition gets the first location.

    Returns (location, response or None): None means that an earlier request did the work. Without the header the
    work is simply done. The key belongs to the caller and the path, so a key seen by somebody else is worth nothing.
    """
    header = request.headers.get(IDEMPOTENCY_HEADER)
    if not header:
        return act()
    try:
        sent = uuid.UUID(header)
    except ValueError:
        raise ValidationError({"detail": _("The Idempotency-Key must be a UUID.")}) from None
    key = uuid.uuid5(sent, f"{request.user.pk}:{request.path}")
    try:
        with transaction.atomic():
            row = FormKey.objects.create(key=key, user=request.user, path=request.path[:300])
            location, response = act()
            row.result = location[:300]
            row.save(update_fields=["result"])
            return location, response
    except IntegrityError:
        first = FormKey.objects.filter(key=key).first()
        if first is None:
            raise
        return first.result, None
