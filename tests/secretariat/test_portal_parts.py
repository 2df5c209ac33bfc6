"""The parts of pages: what they write down for given values, in both languages."""

import datetime
import re
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from secretariat import calendar, charts
from tests import factories


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def draw(source, **context):
    return Template("{% load portal_parts %}" + source).render(Context(context))


class SpecimenForm(forms.Form):
    name = forms.CharField(help_text="As on the card")
    mail = forms.EmailField(required=False)
    ages = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.CheckboxSelectMultiple, required=False)
    secret = forms.CharField(widget=forms.HiddenInput, initial="kept")


# --- icons and states


def test_icon_is_silent_unless_it_is_named():
    assert 'aria-hidden="true"' in draw('{% icon "award" %}')
    named = draw('{% icon "award" label=prize %}', prize="Prize <1>")
    assert 'role="img"' in named and "Prize &lt;1&gt;" in named


@pytest.mark.parametrize("name", ["no-such-icon", "../../package", "award.svg"])
def test_unknown_icon_is_a_mistake(name):
    with pytest.raises(LookupError):
        draw("{% icon name %}", name=name)


def test_badge_has_icon_word_and_tone():
    text = draw('{% badge "returned" word %}', word="sent <back>")
    assert "state-warning" in text and "<svg" in text and "sent &lt;back&gt;" in text
    assert "state-neutral" in draw('{% badge "unheard" "of" %}')
    assert "state-danger" in draw('{% badge "draft" "late" tone="danger" %}')


def test_every_status_of_the_house_has_a_tone_of_its_own():
    from assessments import rules as assessments
    from products import rules as products
    from secretariat import rules as secretariat
    from secretariat.templatetags.portal_parts import TONES

    statuses = [
        products.ProductStatus, products.MarkStatus, products.MarkLevel, assessments.VersionStatus, assessments.RoundStatus,
        assessments.AssignmentStatus, secretariat.ResolutionStatus,
    ]  # fmt: skip
    missing = [value for status in statuses for value in status.values if value not in TONES]
    assert missing == []


@pytest.mark.django_db
def test_deadline_counts_working_days_and_tells_which_were_not():
    due = calendar.today() + datetime.timedelta(days=14)
    text = draw("{% deadline due %}", due=due)
    assert "working days left" in text and "Friday" in text and "deadline-neutral" in text
    assert "deadline-danger" in draw("{% deadline due %}", due=calendar.today() - datetime.timedelta(days=3))
    assert "<details" not in draw("{% deadline due done=True %}", due=due)
    assert draw("{% deadline due %}", due=None).strip() == ""


# --- forms


def test_field_joins_label_help_and_error():
    text = draw("{% field form.name %}", form=SpecimenForm({}))
    assert 'for="id_name"' in text and 'id="id_name-help"' in text and 'id="id_name-error"' in text
    assert 'aria-describedby="id_name-help id_name-error"' in text
    assert 'aria-invalid="true"' in text and "is-invalid" in text and "(required)" in text


def test_field_knows_the_direction_of_its_text():
    form = SpecimenForm()
    assert 'dir="auto"' in draw("{% field form.name %}", form=form)
    assert 'dir="ltr"' in draw("{% field form.mail %}", form=form)


def test_choices_are_a_named_group():
    text = draw("{% field form.ages %}", form=SpecimenForm({"ages": ["b"]}))
    assert "<fieldset" in text and "<legend" in text
    assert text.count("form-check-input") == 2 and text.count("checked") == 1


def test_fields_brings_the_hidden_ones_along_once():
    form = SpecimenForm()
    assert draw("{% fields form %}", form=form).count('value="kept"') == 1
    assert "kept" not in draw('{% fields form "name" %}', form=form)


def test_error_summary_counts_and_leads_to_each_field():
    form = SpecimenForm({"mail": "x", "secret": "s"})
    text = draw("{% form_errors form %}", form=form)
    assert 'href="#id_name"' in text and 'href="#id_mail"' in text and "2 things" in text
    assert draw("{% form_errors form %}", form=SpecimenForm()).strip() == ""
    assert "Too &lt;late&gt;" in draw("{% form_errors form extra=sentence %}", form=SpecimenForm(), sentence="Too <late>")


def test_error_summary_of_a_formset_names_every_form():
    made = forms.formset_factory(SpecimenForm)
    data = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-mail": "x", "form-1-mail": "y"}
    text = draw("{% form_errors forms %}", forms=made(data))
    assert 'href="#id_form-0-mail"' in text and 'href="#id_form-1-mail"' in text


def test_once_key_is_new_every_time():
    assert draw("{% once_key %}") != draw("{% once_key %}")


# --- people, trails, files


@pytest.mark.django_db
def test_timeline_tells_who_when_and_why_and_hides_names_when_asked():
    person = factories.user(first_name="Mina", last_name="Karimi")
    product = factories.product()
    product.moves.create(action="submit", source="draft", target="submitted", by=person, why="first\nsecond")
    product.moves.create(action="screen", source="submitted", target="accepted", by=None)
    text = draw("{% timeline product %}", product=product)
    assert "Mina Karimi" in text and "by the system" in text and "first<br>second" in text
    assert "accepted for assessment" in text
    assert text.index("accepted for assessment") < text.index("Mina Karimi")
    hidden = draw("{% timeline product hide_names=True hide_reasons=True %}", product=product)
    assert "Mina" not in hidden and "second" not in hidden


@pytest.mark.django_db
def test_a_hidden_person_leaves_no_trace():
    person = factories.user(first_name="Mina", last_name="Karimi")
    text = draw('{% person user hide=True alias="Assessor 2" %}', user=person)
    assert "Assessor 2" in text and "Mina" not in text and "MK" not in text


def test_file_list_isolates_names_and_writes_sizes():
    files = [SimpleNamespace(name="a<b>.pdf", url="/f/1", size=1_500_000, content_type="application/pdf")]
    text = draw("{% file_list files %}", files=files)
    assert "<bdi>a&lt;b&gt;.pdf</bdi>" in text and "1.4 MB" in text


@pytest.mark.parametrize(
    ("size", "written"), [(0, "0 bytes"), (1023, "1,023 bytes"), (2048, "2 kB"), (5 * 1024**2, "5 MB"), (None, "")]
)
def test_file_sizes(size, written):
    assert draw("{{ size|file_size }}", size=size) == written


# --- scores


def test_score_is_never_a_bare_number():
    text = draw('{% score_card 76.3 70.2 82.4 5 label="Quality" coverage=96 url="/why/" %}')
    for words in ("76.3", "95% interval: 70.2 to 82.4", "5 assessors", "96% of the indicators", "/why/"):
        assert words in text
    assert "No score yet." in draw("{% score_card None %}")


def test_bar_grows_from_where_reading_begins():
    assert charts.bar(25, 20, 40) == {"length": 25, "start": 0, "end": 25, "span": 20, "span_start": 20}
    assert charts.bar(25, 20, 40, mirrored=True) == {"length": 25, "start": 75, "end": 75, "span": 20, "span_start": 60}
    assert charts.bar(None) is None
    assert charts.bar(140)["length"] == 100


def test_forest_is_mirrored_exactly():
    rows = [
        {"label": "A", "value": 30, "low": 20, "high": 45, "n": 3},
        {"label": "B", "value": 50, "low": None, "high": 60, "n": 1},
    ]
    for plain, mirrored in zip(charts.forest(rows), charts.forest(rows, mirrored=True), strict=True):
        for one, other in zip(plain["lines"], mirrored["lines"], strict=True):
            assert one["x"] + other["x"] == pytest.approx(plain["width"])
        assert plain["lines"][1]["x1"] is None and plain["lines"][1]["x2"] is None  # half an interval is none
    assert charts.forest([]) == []


@pytest.mark.parametrize(
    ("values", "axis"),
    [
        ([55, 56], (45, 70, 5)), ([0, 3], (0, 20, 5)), ([99, 100], (80, 100, 5)),  # never shorter than twenty points
        ([12, 88], (0, 100, 20)), ([40, 91], (40, 100, 10)), ([0, 100], (0, 100, 20)),
    ],
)  # fmt: skip
def test_an_axis_holds_its_values_in_few_round_steps(values, axis):
    begin, end, step = charts.axis(values)
    assert (begin, end, step) == axis
    assert begin <= min(values) and max(values) <= end and (end - begin) / step <= 6


def marked(**marks):
    rows = [
        {
            "label": f"Product {n}",
            "lead": str(n),
            "value": 90 - 10 * n,
            "low": 85 - 10 * n,
            "high": 95 - 10 * n,
            "raw": 88 - 10 * n,
        }
        for n in range(4)
    ]
    zones = [(None, 70, ("below 70", "to 70")), (70, 80, ("70 to below 80", "70–80")), (80, None, ("80 and above", "from 80"))]
    return [charts.forest(rows, 50, 100, mirrored=mirrored, step=10, zones=zones, **marks) for mirrored in (False, True)]


def test_zones_are_cut_to_the_axis_and_named_as_far_as_there_is_room():
    for shapes in marked():
        for shape in shapes:
            widths = [zone["width"] for zone in shape["zones"]]
            assert widths == pytest.approx([sum(widths) * share for share in (0.4, 0.2, 0.4)], abs=0.05)
            assert [tick["value"] for tick in shape["ticks"]] == [50, 60, 70, 80, 90, 100]
    wide, narrow = marked()[0]
    assert [zone["label"] for zone in wide["zones"]] == ["below 70", "70–80", "80 and above"]
    assert [zone["label"] for zone in narrow["zones"]] == ["below 70", "70–80", "80 and above"]
    rows = [{"label": "A", "value": 50}]
    hidden = charts.forest(rows, 0, 100, zones=[(None, 99, ("long",)), (99, None, ("too long for this",))])[0]["zones"]
    assert [zone["label"] for zone in hidden] == ["long", ""]
    outside = charts.forest(rows, 0, 60, zones=[(None, 70, ("a",)), (70, None, ("b",))])[0]["zones"]
    assert [zone["place"] for zone in outside] == [1]


def test_brackets_join_rows_and_rules_part_them():
    for shapes in marked(brackets=[(0, 1, False, False), (2, 3, False, True)], rules={1: "so many"}):
        for shape in shapes:
            first, second = shape["brackets"]
            ys = [line["y"] for line in shape["lines"]]
            closed, opened = ([float(number) for number in re.findall(r"V([\d.]+)", path)] for path in (first, second))
            assert ys[1] < closed[0] < ys[2] and opened[0] > ys[3]
            assert first.count("H") == 2 and second.count("H") == 1  # an open end has no hook
            (rule,) = shape["rules"]
            assert ys[1] < rule["y"] < ys[2] and rule["words"] == "so many"
            assert all(line["raw"] is not None for line in shape["lines"])


def test_marks_of_a_forest_are_mirrored_exactly():
    for plain, mirrored in zip(*marked(brackets=[(0, 3, False, False)]), strict=True):
        for one, other in zip(plain["lines"], mirrored["lines"], strict=True):
            assert one["raw"] + other["raw"] == pytest.approx(plain["width"])
        for one, other in zip(plain["zones"], mirrored["zones"], strict=True):
            assert one["x"] + one["width"] + other["x"] == pytest.approx(plain["width"], abs=0.02)


def test_forest_has_the_same_numbers_as_a_table():
    rows = [{"label": "Language", "value": 74, "low": 61.5, "high": 86.5, "n": 5}]
    text = draw('{% forest_plot rows caption="Scores" %}', rows=rows)
    assert text.count("<svg") == 2 and 'role="img"' in text
    assert '<th scope="row">Language</th>' in text and "61.5 to 86.5" in text


# --- the shell


@pytest.mark.django_db
def test_navigation_shows_to_each_what_is_theirs(client):
    client.cookies["language"] = "en"
    client.force_login(factories.officer())
    officer = client.get("/account/").content.decode()
    client.force_login(factories.user())
    nobody = client.get("/account/").content.decode()
    assert 'href="/admin/"' in officer and 'href="/admin/"' not in nobody
    assert "Assessors</a>" in officer and "Assessors</a>" not in nobody


@pytest.mark.parametrize(
    ("language", "direction", "sheet"), [("fa", "rtl", "bootstrap.rtl.min.css"), ("en", "ltr", "bootstrap.min.css")]
)
@pytest.mark.django_db
def test_shell_follows_language_and_cookies(client, language, direction, sheet):
    client.cookies["language"], client.cookies["theme"], client.cookies["contrast"] = language, "dark", "high"
    text = client.get("/no-such-page/").content.decode()
    assert f'<html lang="{language}" dir="{direction}" data-bs-theme="dark"' in text
    assert 'data-contrast="high"' in text and sheet in text and " style=" not in text


@pytest.mark.django_db
def test_shell_refuses_a_forged_cookie(client):
    client.cookies["text_size"] = '"><script>'
    assert 'data-text-size="normal"' in client.get("/no-such-page/").content.decode()


def test_broken_page_needs_neither_context_nor_database():
    text = render_to_string("errors/500.html")
    assert 'lang="fa"' in text and 'lang="en"' in text


@pytest.mark.parametrize("name", ["403", "404", "413", "csrf"])
@pytest.mark.django_db
def test_error_pages_tell_what_to_do(name):
    request = RequestFactory().get("/x/")
    request.user = AnonymousUser()
    assert "<h1>" in render_to_string(f"errors/{name}.html", request=request)


def test_letterhead_prints_its_facts():
    page = Template('{% extends "print.html" %}{% block number %}14/7{% endblock %}{% block heading %}Minutes{% endblock %}')
    text = page.render(Context({"language": "en", "direction": "ltr", "site_name": "Secretariat"}))
    assert "14/7" in text and "<h1>Minutes</h1>" in text
