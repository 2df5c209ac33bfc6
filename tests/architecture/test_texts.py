"""No text that people type is without end: every field of every form refuses what no row should hold, and says so."""

import ast
import importlib
import pkgutil

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.test import RequestFactory

from tests import factories
from tests.architecture.test_house import ROOMS, calls, rooms

# Of passwords only a hash is kept, whatever their length.
TYPED = (forms.TextInput, forms.NumberInput, forms.EmailInput, forms.URLInput, forms.HiddenInput, forms.Textarea)
FAR_TOO_MUCH = 200_000  # letters; a page that is sent megabytes at once is not read at all

# Form and field: why nothing has to be refused.
ENDLESS = {"SignInForm.username": "Django measures it by the column once the form is made"}


def _form_classes():
    """Every form that the rooms write down themselves."""
    for room in ROOMS:
        for found in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            if found.name.split(".")[1] not in ("forms", "views", "admin"):
                continue
            for one in vars(importlib.import_module(found.name)).values():
                if isinstance(one, type) and issubclass(one, forms.BaseForm) and one.__module__ == found.name:
                    yield one


def _admin_pages():
    return [page for model, page in admin.site._registry.items() if model._meta.app_label in ROOMS]


def _typed(form):
    """{"Form.field": field} of what is typed into a form."""
    return {f"{form.__name__}.{name}": one for name, one in form.base_fields.items() if isinstance(one.widget, TYPED)}


def _endless(fields):
    return {name for name, one in fields.items() for letter in ("ا", "1") if _takes(one, letter * FAR_TOO_MUCH)}


def _takes(field, text):
    try:
        field.clean(text)
    except ValidationError:
        return False
    return True


def test_no_form_of_a_page_takes_a_text_without_end():
    # What the administration makes of a form stands below: there its fields come from the model.
    of_admin = {page.form for page in _admin_pages()} | {inline.form for page in _admin_pages() for inline in page.inlines}
    found = {name: one for form in _form_classes() if form not in of_admin for name, one in _typed(form).items()}
    assert len(found) > 150  # the walk found them
    assert _endless(found) - ENDLESS.keys() == set(), "give it a max_length, or say in ENDLESS why it needs none"


@pytest.mark.django_db
def test_no_form_of_the_administration_takes_a_text_without_end():
    request = RequestFactory().get("/")
    request.user = factories.secretary()
    found = {}
    for page in _admin_pages():
        if not (page.has_add_permission(request) or page.has_change_permission(request)):
            continue
        for form in [page.get_form(request), *(one.get_formset(request).form for one in page.get_inline_instances(request))]:
            found |= _typed(form)
    assert len(found) > 40
    assert _endless(found) - ENDLESS.keys() == set(), "give its page formfield_overrides = WORDS, or its form a max_length"


def test_the_named_exceptions_are_still_there():
    found = {name for form in _form_classes() for name in _typed(form)}
    assert ENDLESS.keys() - found == set(), "no longer a field: strike it from the list"


def test_a_field_made_while_a_page_is_read_has_its_end_too():
    loose = {
        f"{path}:{node.lineno}"
        for path, text in rooms().items()
        if path.split("/")[1] in ("forms", "views", "admin")
        for node in calls(ast.parse(text), "CharField")
        if not {"max_length"} & {word.arg for word in node.keywords} and "PasswordInput" not in ast.unparse(node)
    }
    assert loose == set(), "give it a max_length, or make it a CanonicalCharField"
