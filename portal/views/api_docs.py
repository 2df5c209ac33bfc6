"""The API's documentation, drawn from its own schema in the portal's own dress."""

from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

METHODS = ("get", "post", "patch", "put", "delete")


@login_not_required
def api_docs(request):
    return render(request, "portal/api_docs.html", {"resources": _resources(), "base": request.build_absolute_uri("/api/v1/")})


@cache
def _resources():
    """[(resource, [operation, …])] as the schema tells them; it never changes while the process lives."""
    with translation.override("en"):
        schema = SchemaGenerator().get_schema(request=None, public=True)
    components = schema.get("components", {}).get("schemas", {})
    grouped = {}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = _operation(path, method, methods[method], components)
                grouped.setdefault(path.split("/")[3], []).append(operation)
    return list(grouped.items())


def _operation(path, method, said, components):
    return {
        "path": path,
        "method": method.upper(),
        "summary": said.get("summary", ""),
        "description": said.get("description", ""),
        "public": any(not need for need in said.get("security", [{}])),
        "parameters": [
            {
                "name": parameter["name"],
                "where": parameter["in"],
                "required": parameter.get("required", False),
                "description": parameter.get("description", ""),
            }
            for parameter in said.get("parameters", [])
            if parameter["in"] != "path"
        ],
        "body": _fields(said.get("requestBody", {}), components),
        "answers": sorted(said.get("responses", {})),
    }


def _fields(body, components):
    """The fields of a request body: [{"name", "type", "required", "description"}]."""
    for content in body.get("content", {}).values():
        reference = content.get("schema", {}).get("$ref", "")
        schema = components.get(reference.rsplit("/", 1)[-1], content.get("schema", {}))
        required = schema.get("required", [])
        return [
            {
                "name": name,
                "type": _type(said),
                "required": name in required,
                "description": said.get("description", ""),
            }
            for name, said in schema.get("properties", {}).items()
        ]
    return []


def _type(said):
    if "$ref" in said:
        return said["$ref"].rsplit("/", 1)[-1]
    kind = said.get("type", "any")
    kind = " | ".join(kind) if isinstance(kind, list) else kind
    return f"[{_type(said.get('items', {}))}]" if kind == "array" else kind
