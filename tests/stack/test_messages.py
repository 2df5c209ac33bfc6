"""The catalogues: nothing untranslated, and a tool that would notice."""

import json
import subprocess
import sys

import pytest
from django.conf import settings
from django.utils import translation

sys.path.insert(0, str(settings.BASE_DIR / "script"))

from stack import catalogue


def test_every_text_is_translated():
    assert catalogue.faults() == []


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A room of its own, so that the tool can be tried without touching the real ones."""
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "ROOMS", ("lodge",))
    monkeypatch.setattr(catalogue, "EXTRA_FOLDERS", {})
    templates = tmp_path / "lodge" / "templates"
    templates.mkdir(parents=True)
    (tmp_path / "lodge" / "views.py").write_text(
        'A = _("Plain")\nB = ngettext("One vote", "%(n)s votes", n)\nC = pgettext_lazy("month", "May")\nD = _(name)\n'
    )
    (templates / "page.html").write_text(
        '<p class="it\'s">\n   {% translate "Welcome" %}\n {% include "x" with title=_("Title\'s") %}'
        "{% blocktranslate trimmed with who=user.name %}\n  Hello\n  <b>{{ who }}</b>\n{% endblocktranslate %}"
    )
    return "lodge"


KEYS = {"Plain", "One vote", "month\x04May", "Welcome", "Title's", "Hello <b>%(who)s</b>"}
PERSIAN = {
    "Plain": "ساده",
    "One vote": "%(n)s رأی",
    "month\x04May": "مه",
    "Welcome": "خوش آمدید",
    "Title's": "عنوان",
    "Hello <b>%(who)s</b>": "سلام <b>%(who)s</b>",
}


def test_texts_are_found_in_python_and_templates(room):
    assert {catalogue.key_of(m) for m in catalogue.texts(catalogue.extract(room))} == KEYS


def test_a_filled_catalogue_is_whole_and_stays_as_it_is(room):
    catalogue.refresh(room)
    assert len(catalogue.untranslated(room)) == len(KEYS)
    catalogue.refresh(room, PERSIAN)
    assert catalogue.faults([room]) == []
    before = catalogue.po_path(room).read_bytes()
    catalogue.refresh(room)
    assert catalogue.po_path(room).read_bytes() == before


@pytest.mark.parametrize(
    ("key", "persian", "fault"),
    [
        ("Plain", "", "is not translated"),
        ("Hello <b>%(who)s</b>", "سلام <b>%(whom)s</b>", "placeholders"),
        ("Hello <b>%(who)s</b>", "سلام %(who)s", "tags"),
        ("Welcome", "خوش آمدید ", "space"),
        ("Welcome", "كتاب", "Arabic"),
    ],
)
def test_a_faulty_translation_is_named(room, key, persian, fault):
    catalogue.refresh(room, PERSIAN | {key: persian})
    found = catalogue.faults([room])
    assert len(found) == 1
    assert fault in found[0]


def test_new_and_forgotten_texts_are_named(room):
    catalogue.refresh(room, PERSIAN)
    views = catalogue.ROOT / room / "views.py"
    views.write_text(views.read_text().replace('"Plain"', '"Plainer"'))
    assert len(catalogue.faults([room])) == 2


def test_the_command_refuses_an_unknown_room():
    command = [sys.executable, settings.BASE_DIR / "script" / "messages", "cellar"]
    outcome = subprocess.run(command, capture_output=True, text=True)
    assert outcome.returncode == 1
    assert "there is no room cellar" in outcome.stderr


def test_the_command_fills_from_json_only_what_the_sources_say(room, tmp_path):
    file = tmp_path / "fill.json"
    file.write_text(json.dumps(PERSIAN))
    catalogue.refresh(room, json.loads(file.read_text()) | {"Nowhere": "هیچ‌جا"})
    assert "Nowhere" not in catalogue.po_path(room).read_text()


def test_pages_speak_both_languages():
    """English texts come from the source itself even though Persian is the default language."""
    text = str(settings.SITE_NAME)
    with translation.override("en"):
        english = str(settings.SITE_NAME)
    assert english == "Secretariat for the Quality of Cultural Products"
    assert text != english
