"""Every rule that the database holds is named in a test that goes round the code to break it."""

from pathlib import Path

from django.apps import apps

ROOMS = ("secretariat", "assessments", "products", "portal")
TESTS = Path(__file__).resolve().parents[1]


def _rules():
    """Names of the constraints and triggers of our own models; the history's own triggers are the library's to test."""
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            if hasattr(model, "pgh_tracked_model"):
                continue
            yield from (constraint.name for constraint in model._meta.constraints)
            for trigger in getattr(model._meta, "triggers", []):
                if trigger.name not in ("insert_insert", "update_update", "delete_delete"):
                    yield trigger.name


def test_every_rule_is_broken_in_a_test():
    words = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py") if path != Path(__file__).resolve())
    untested = sorted({name for name in _rules() if f'"{name}"' not in words})
    assert untested == [], f"no test breaks: {', '.join(untested)}"
