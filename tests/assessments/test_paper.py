"""The sheet away from the portal: the workbook and the printed sheet, what comes back of them, and what is refused."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import MergedCell

from assessments import paper
from assessments.models import Assessment, Assignment, Measurement, Rating
from assessments.paper import reading
from assessments.services import assessments as services
from secretariat.models import Notice
from tests import factories
from tests.assessments.sheets import form_of, leaves, stored, texts

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment():
    return factories.assignment(factories.entry(versions=[factories.published_set(allow_na=True)]))


@pytest.fixture
def seat(client, assignment, in_english):
    client.force_login(assignment.assessor.user)
    return client


def _take(client, assignment):
    """The workbook as it is downloaded."""
    answer = client.get(form_of(assignment, "assessment_paper_file"))
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="sheet-{assignment.pk}.xlsx"'
    return answer.content


def _places(book):
    """{field: cell address} of the page that is filled in."""
    places = {}
    for row in book.worksheets[0].iter_rows(max_col=1):
        key, place = row[0].value, row[0].row
        if key and str(key).isdigit():
            places |= {f"r-{key}": f"F{place}", f"c-{key}": f"G{place}"}
        elif key:
            places[key] = f"E{place}"
    return places


def _filled(content, **fields):
    """The workbook with these fields filled in, as a spreadsheet program would save it; "r_12" stands for "r-12"."""
    book = load_workbook(io.BytesIO(content))
    places = _places(book)
    for name, value in fields.items():
        book.worksheets[0][places[name.replace("_", "-", 1) if name[1] == "_" else name]] = value
    return _bytes(book)


def _bytes(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _send(client, assignment, content, name="sheet.xlsx"):
    return client.post(form_of(assignment, "assessment_paper_upload"), {"file": SimpleUploadedFile(name, content)})


def _lines(page):
    return {line.name: (line.now, line.says, line.both) for line in page.context["changes"]}


def _chosen(page, names=None):
    """What the browser sends of the differences, `names` ticked; by default those that the page ticks itself."""
    lines = page.context["changes"]
    ticked = [line.name for line in lines if not line.both] if names is None else names
    fields = {"take_over": "yes", "version": page.context["version"], "take": ticked}
    for line in lines:
        fields |= {line.name: line.said, f"was-{line.name}": line.stood, f"cell-{line.name}": line.cell}
    return fields


def _save(assignment, version, **fields):
    fields = {name.replace("_", "-", 1) if name[1] == "_" else name: text for name, text in fields.items()}
    return services.save_draft(assignment.pk, fields, by=assignment.assessor.user, version=version)


# ------------------------------------------------------------------ the workbook
def test_only_the_answers_can_be_filled_in_and_each_has_its_list(seat, assignment):
    first, *_rest = leaves(assignment)
    _save(assignment, 0, **{f"r_{first}": "4", f"c_{first}": "=1+1", "strengths": "clear"})
    book = load_workbook(io.BytesIO(_take(seat, assignment)))
    page, places = book.worksheets[0], _places(book)
    assert page.protection.sheet
    cells = [cell for row in page.iter_rows() for cell in row if not isinstance(cell, MergedCell)]
    white = {cell.coordinate for cell in cells if not cell.protection.locked}
    assert white == set(places.values())
    assert len(places) == 4 * 2 + 3
    lists = {str(check.sqref): check for check in page.data_validations.dataValidation}
    assert lists[places[f"r-{first}"]].formula1 == '"1,2,3,4,5,not applicable"'
    assert lists[places[f"c-{first}"]].formula1 == "2000" and lists[places["strengths"]].formula1 == "5000"
    assert page[places[f"r-{first}"]].value == 4 and page[places["strengths"]].value == "clear"
    said = page[places[f"c-{first}"]]
    assert (said.value, said.data_type) == ("=1+1", "s")  # a text, not a formula
    assert "Guidance" in page["E6"].value and "4 level 4" in page["E6"].value
    assert page.column_dimensions["A"].hidden and book["portal"].sheet_state == "veryHidden"
    assert not page.sheet_view.rightToLeft


def test_it_runs_from_right_to_left_in_persian(client, assignment):
    client.force_login(assignment.assessor.user)
    page = load_workbook(io.BytesIO(_take(client, assignment))).worksheets[0]
    assert page.sheet_view.rightToLeft
    assert page.title == "برگه" and page["B6"].value == "۱.۱"


def test_numbers_are_checked_by_their_bounds_and_measurements_only_shown(client, in_english):
    from assessments.models import Indicator

    version = factories.published_set(1, 2, scale_=factories.scale("number"))
    entry = factories.entry(versions=[version])
    assignment = factories.assignment(entry)
    first, _second = leaves(assignment)
    # A published version is frozen; what the secretariat measures is told apart by its rater alone.
    with_rater = factories.published_set(1, 1, scale_=factories.scale("number"), rater="secretariat")
    other = factories.assignment(factories.entry(versions=[with_rater]))
    measured = Indicator.objects.get(version=with_rater, scale__isnull=False)
    Measurement.objects.create(entry=other.entry, indicator=measured, value=62)
    client.force_login(assignment.assessor.user)
    book = load_workbook(io.BytesIO(_take(client, assignment)))
    cell = _places(book)[f"r-{first}"]
    lists = {str(check.sqref): check.formula1 for check in book.worksheets[0].data_validations.dataValidation}
    assert lists[cell] == f"OR(AND(ISNUMBER({cell}),{cell}>=0.0000,{cell}<=100.0000))"
    client.force_login(other.assessor.user)
    book = load_workbook(io.BytesIO(_take(client, other)))
    assert set(_places(book)) == {"strengths", "improvements", "note_to_staff"}
    assert "62" in [cell.value for row in book.worksheets[0].iter_rows(min_col=6, max_col=6) for cell in row]


def test_in_a_blind_round_it_names_nobody(client, in_english):
    round_ = factories.round_(status="open", see_submitter="never")
    assignment = factories.assignment(factories.entry(round_))
    person, agency = assignment.assessor.user, assignment.entry.subject.agency
    client.force_login(person)
    content = _take(client, assignment)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        text = " ".join(package.read(name).decode() for name in package.namelist())
    printed = client.get(form_of(assignment, "assessment_paper")).content.decode()
    for name in (agency.name_fa, agency.name_en, person.username, person.display_name, person.email):
        assert name not in text and name not in printed


def test_the_printed_sheet_is_empty(seat, assignment):
    first, *_rest = leaves(assignment)
    _save(assignment, 0, **{f"r_{first}": "4", f"c_{first}": "a hidden thought", "strengths": "nothing of this"})
    html = seat.get(form_of(assignment, "assessment_paper")).content.decode()
    assert "Indicator 2.2" in html and "level 5" in html and "not applicable" in html
    assert "hidden thought" not in html and "nothing of this" not in html
    assert assignment.entry.subject.agency.name_en not in html


# ------------------------------------------------------------------ filled in and sent back
def test_what_was_filled_in_is_shown_first_and_saved_when_chosen(seat, assignment):
    first, second, third, fourth = leaves(assignment)
    _save(assignment, 0, **{f"r_{first}": "2", "strengths": "before"})
    answers = {f"r_{first}": 4, f"r_{second}": "۳", f"r_{third}": "not applicable", f"r_{fourth}": "level 5"}
    words = {f"c_{second}": "= not a formula", "strengths": "after\nall", "note_to_staff": 12}
    content = _filled(_take(seat, assignment), **answers, **{name: text for name, text in words.items() if name[1] != "_"})
    page = _send(seat, assignment, content)
    assert page.status_code == 200
    assert _lines(page) == {
        f"r-{first}": ("2 level 2", "4 level 4", False), f"r-{second}": ("", "3 level 3", False),
        f"r-{third}": ("", "not applicable", False), f"r-{fourth}": ("", "5 level 5", False),
        "strengths": ("before", "after\nall", False), "note_to_staff": ("", "12", False),
    }  # fmt: skip
    assert stored() == {first: (2, "")}  # looking changes nothing
    answer = seat.post(form_of(assignment, "assessment_paper_upload"), _chosen(page, [f"r-{first}", f"r-{third}", "strengths"]))
    assert answer.headers["Location"] == form_of(assignment)
    assert stored() == {first: (4, "")}
    assert Rating.objects.get(indicator=third).state == "na"
    assert texts() == ("after\nall", "", "")
    # The rest still waits in the file.
    page = _send(seat, assignment, content)
    assert set(_lines(page)) == {f"r-{second}", f"r-{fourth}", "note_to_staff"}
    seat.post(form_of(assignment, "assessment_paper_upload"), _chosen(page))
    assert stored() == {first: (4, ""), second: (3, ""), fourth: (5, "")}
    page = _send(seat, assignment, content)
    assert _lines(page) == {} and "says nothing that does not stand" in page.content.decode()


def test_a_file_filled_in_in_persian_is_read_in_english_and_yes_is_yes(client, in_english):
    version = factories.published_set(1, 2, scale_=factories.scale("boolean"), allow_na=True)
    assignment = factories.assignment(factories.entry(versions=[version]))
    first, second = leaves(assignment)
    client.force_login(assignment.assessor.user)
    page = _send(client, assignment, _filled(_take(client, assignment), **{f"r_{first}": "بله", f"r_{second}": "نامرتبط"}))
    assert [says for _now, says, _both in _lines(page).values()] == ["yes", "not applicable"]
    page = _send(client, assignment, _filled(_take(client, assignment), **{f"r_{first}": True, f"r_{second}": "NO"}))
    assert [says for _now, says, _both in _lines(page).values()] == ["yes", "no"]


def test_cells_that_cannot_be_read_are_named_with_their_sentence(seat, assignment):
    import datetime

    first, second, third, fourth = leaves(assignment)
    content = _filled(
        _take(seat, assignment), **{f"r_{first}": 9, f"r_{second}": "=2+2", f"r_{third}": datetime.date(2026, 2, 1), f"r_{fourth}": 5,
        f"c_{fourth}": "x" * 2001, "improvements": "y" * 5003},
    )  # fmt: skip
    places = _places(load_workbook(io.BytesIO(content)))
    page = _send(seat, assignment, content)
    told = {line.cell: line.error for line in page.context["wrong"]}
    assert told == {
        places[f"r-{first}"]: "Write a number from 1 to 5.",
        places[f"r-{second}"]: "A formula stands here: write the value itself.",
        places[f"r-{third}"]: "The spreadsheet has made a date of this: write it again as text or as a number.",
        places[f"c-{fourth}"]: "At most 2,000 letters fit here; this is 1 more. It is saved once it is shorter.",
        places["improvements"]: "At most 5,000 letters fit here; this is 3 more. It is saved once it is shorter.",
    }
    html = page.content.decode()
    assert all(f'<bdi class="paper-cell">{cell}</bdi>' in html for cell in told)
    assert set(_lines(page)) == {f"r-{fourth}"}  # one that cannot be read spoils no other


def test_what_both_sides_changed_is_not_ticked_and_what_the_file_left_alone_stays(seat, assignment):
    first, second, third, _fourth = leaves(assignment)
    _save(assignment, 0, **{f"r_{first}": "2", f"r_{second}": "2", "strengths": "seed"})
    content = _filled(_take(seat, assignment), **{f"r_{first}": 4, f"r_{third}": 1, "strengths": "on paper"})
    _save(assignment, 1, **{f"r_{first}": "5", f"r_{second}": "3", "strengths": "in the portal"})
    page = _send(seat, assignment, content)
    assert _lines(page) == {
        f"r-{first}": ("5 level 5", "4 level 4", True), f"r-{third}": ("", "1 level 1", False),
        "strengths": ("in the portal", "on paper", True),
    }  # fmt: skip
    assert "saved in the portal after this file was made" in page.content.decode()
    seat.post(form_of(assignment, "assessment_paper_upload"), _chosen(page))
    assert stored() == {first: (5, ""), second: (3, ""), third: (1, "")}
    assert texts()[0] == "in the portal"


def test_a_save_between_looking_and_choosing_is_shown_before_anything_is_written(seat, assignment):
    first, second, *_rest = leaves(assignment)
    page = _send(seat, assignment, _filled(_take(seat, assignment), **{f"r_{first}": 4, f"r_{second}": 3}))
    _save(assignment, 0, **{f"r_{first}": "1"})
    again = seat.post(form_of(assignment, "assessment_paper_upload"), _chosen(page))
    assert again.status_code == 409
    assert "saved from elsewhere meanwhile" in again.content.decode()
    assert _lines(again) == {f"r-{first}": ("1 level 1", "4 level 4", True), f"r-{second}": ("", "3 level 3", False)}
    assert stored() == {first: (1, "")}
    seat.post(form_of(assignment, "assessment_paper_upload"), _chosen(again, [f"r-{first}"]))
    assert stored() == {first: (4, "")}


def test_nothing_chosen_is_explained(seat, assignment):
    first, *_rest = leaves(assignment)
    page = _send(seat, assignment, _filled(_take(seat, assignment), **{f"r_{first}": 4}))
    again = seat.post(form_of(assignment, "assessment_paper_upload"), _chosen(page, []))
    assert again.status_code == 409 and "Nothing was chosen" in again.content.decode()
    assert _lines(again) == _lines(page)
    assert not Assessment.objects.exists()


# ------------------------------------------------------------------ what is refused
def _changed(content, change):
    """The workbook after `change(book)`."""
    book = load_workbook(io.BytesIO(content))
    change(book)
    return _bytes(book)


def _repacked(content, **parts):
    """The package with parts replaced or added; a name is written with "__" for "/"."""
    parts = {name.replace("__", "/"): body for name, body in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in package.namelist():
            made.writestr(name, parts.pop(name, package.read(name)))
        for name, body in parts.items():
            made.writestr(name, body)
    return out.getvalue()


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<si><t>&c;</t></si></sst>"""


def _with_a_table_of_entities(good):
    named = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument'
        b'.spreadsheetml.sharedStrings+xml"/></Types>'
    )
    with zipfile.ZipFile(io.BytesIO(good)) as package:
        types = package.read("[Content_Types].xml").replace(b"</Types>", named)
    return _repacked(good, **{"[Content_Types].xml": types, "xl__sharedStrings.xml": BOMB})


def _higher_version(book):
    book["portal"]["A3"] = "7"


def _other_base(book):
    lines = [row[0].value for row in book["portal"].iter_rows(max_col=1)]
    book["portal"]["A5"] = lines[4][:-8] + "AAAAAAA="


def _without_a_row(book):
    book.worksheets[0].delete_rows(7)


def _a_row_twice(book):
    book.worksheets[0]["A7"] = book.worksheets[0]["A6"].value


def _without_its_seal(book):
    del book["portal"]


BAD = {
    "nothing in it": (lambda good: b"", "empty"),
    "a picture": (lambda good: b"\x89PNG\r\n\x1a\n" + b"0" * 100, "as an Excel workbook"),
    "words": (lambda good: b"not a workbook at all", "as an Excel workbook"),
    "half of it": (lambda good: good[: len(good) // 2], "damaged"),
    "a package of something else": (lambda good: _repacked(good, **{"evil.exe": b"MZ"}), "another file inside"),
    "macros": (lambda good: _repacked(good, **{"xl__vbaProject.bin": b"x"}), "macros"),
    "a zip bomb": (lambda good: _repacked(good, **{"xl__media__a.xml": b"0" * (60 << 20)}), "far too large"),
    "far too much in it": (
        lambda good: _repacked(good, **{f"xl__a{n}.xml": bytes(range(256)) * 4000 for n in range(25)}),
        "too large",
    ),
    "entities": (_with_a_table_of_entities, "cannot be read"),
    "entities in a page": (lambda good: _repacked(good, **{"xl__worksheets__sheet1.xml": BOMB}), "cannot be read"),
    "a workbook of somebody's own": (lambda good: _bytes(Workbook()), "not a sheet as it was taken"),
    "no seal": (lambda good: _changed(good, _without_its_seal), "not a sheet as it was taken"),
    "another version written into the seal": (lambda good: _changed(good, _higher_version), "something hidden in it was changed"),
    "another past written into the seal": (lambda good: _changed(good, _other_base), "something hidden in it was changed"),
    "a row deleted": (lambda good: _changed(good, _without_a_row), "Rows of the sheet are missing"),
    "a row copied": (lambda good: _changed(good, _a_row_twice), "stands twice"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_not_this_sheet_is_refused_with_a_sentence(seat, assignment, name):
    spoil, words = BAD[name]
    page = _send(seat, assignment, spoil(_take(seat, assignment)))
    assert page.status_code == 422
    assert words in page.content.decode()
    assert "changes" not in page.context
    assert not Assessment.objects.exists()


def test_a_file_too_large_is_refused(seat, assignment, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 2000)
    page = _send(seat, assignment, _take(seat, assignment))
    assert page.status_code == 422 and "too large" in page.content.decode()


def test_the_file_of_another_assessment_is_refused(client, seat, assignment):
    other = factories.assignment(factories.entry(assignment.entry.round), assignment.assessor)
    page = _send(seat, assignment, _take(seat, other))
    assert page.status_code == 422 and "made for another assessment" in page.content.decode()


def test_a_file_made_for_other_indicators_is_out_of_date(seat, assignment, monkeypatch):
    content = _take(seat, assignment)
    fields = reading.fields_of
    monkeypatch.setattr(reading, "fields_of", lambda sheet, assessment: {**fields(sheet, assessment), "r-0": ""})
    page = _send(seat, assignment, content)
    assert page.status_code == 422 and "out of date" in page.content.decode()


def test_no_file_is_explained(seat, assignment):
    page = seat.post(form_of(assignment, "assessment_paper_upload"), {})
    assert page.status_code == 422 and "This field is required" in page.content.decode()


def test_a_seal_holds_only_what_was_sealed():
    lines = paper.sealed(5, 2, {"r-1": "4", "c-1": "سخن"})
    assert paper.unsealed(lines) == (5, 2, {"r-1": "4", "c-1": "سخن"})
    assert paper.unsealed([*lines[:4], lines[4][:10], lines[4][10:]]) == paper.unsealed(lines)  # long ones take several cells
    for place in range(1, 4):
        assert paper.unsealed([*lines[:place], "6", *lines[place + 1 :]]) is None
    assert paper.unsealed([]) is None and paper.unsealed(["sheet/0", *lines[1:]]) is None


# ------------------------------------------------------------------ who may
NAMES = ("assessment_paper", "assessment_paper_file", "assessment_paper_upload")


@pytest.mark.parametrize("name", NAMES)
def test_strangers_find_nothing(client, assignment, name):
    assert client.get(form_of(assignment, name)).headers["Location"].startswith(reverse("sign_in"))
    colleague = factories.assignment(assignment.entry)
    for person in (factories.user(), colleague.assessor.user, factories.representative(assignment.entry.subject.agency)):
        client.force_login(person)
        assert client.get(form_of(assignment, name)).status_code == 404
        assert client.post(form_of(assignment, name)).status_code in (404, 405)


@pytest.mark.parametrize("status", ["offered", "declined", "withdrawn"])
def test_it_is_there_only_while_the_sheet_is_filled_in(seat, assignment, status):
    Assignment.objects.update(status=status)
    for name in NAMES:
        assert seat.get(form_of(assignment, name)).status_code == 404


def test_a_closed_round_takes_no_file(seat, assignment):
    first, *_rest = leaves(assignment)
    page = _send(seat, assignment, _filled(_take(seat, assignment), **{f"r_{first}": 4}))
    assignment.entry.round.status = "moderation"
    assignment.entry.round.save()
    again = seat.post(form_of(assignment, "assessment_paper_upload"), _chosen(page))
    assert again.status_code == 409 and "not open for assessment" in again.content.decode()
    assert not Assessment.objects.exists()


def test_an_officer_types_in_a_paper_sheet_and_the_trail_says_so(client, assignment, in_english):
    officer, first = factories.officer(), leaves(assignment)[0]
    client.force_login(officer)
    entry = client.get(reverse("entry_detail", args=[assignment.entry_id])).content.decode()
    assert form_of(assignment, "assessment_paper_upload") in entry
    page = _send(client, assignment, _filled(_take(client, assignment), **{f"r_{first}": 4, "strengths": "as written"}))
    assert "it was you, and the assessor is told" in page.content.decode()
    answer = client.post(form_of(assignment, "assessment_paper_upload"), _chosen(page))
    assert answer.headers["Location"] == reverse("entry_detail", args=[assignment.entry_id])
    assert stored() == {first: (4, "")} and texts()[0] == "as written"
    move = assignment.moves.get()
    assert (move.action, move.by, move.target) == ("type_in", officer, "accepted")
    notice = Notice.objects.get(user=assignment.assessor.user)
    assert officer.display_name in notice.text_en and notice.link == form_of(assignment)
    assert "Paper sheet typed in" in client.get(reverse("entry_detail", args=[assignment.entry_id])).content.decode()
    # Neither the page of the sheet nor its submission is the officer's.
    for name in ("assessment_form", "assessment_submit"):
        assert client.get(form_of(assignment, name)).status_code == 404


def test_an_officer_who_judges_the_same_product_types_in_nobodys_sheet(client, assignment, in_english):
    officer = factories.officer()
    mine = factories.assignment(assignment.entry, factories.assessor(user=officer))
    client.force_login(officer)
    for name in NAMES:
        assert client.get(form_of(assignment, name)).status_code == 404
        assert client.get(form_of(mine, name)).status_code == 200
    html = client.get(reverse("entry_detail", args=[assignment.entry_id])).content.decode()
    assert form_of(assignment, "assessment_paper_upload") not in html


def test_forty_indicators_take_few_queries(client, django_assert_max_num_queries, in_english):
    from tests.assessments.sheets import forty

    assignment = forty()
    client.force_login(assignment.assessor.user)
    client.get(form_of(assignment, "assessment_paper"))
    for name in NAMES:
        with django_assert_max_num_queries(12):
            assert client.get(form_of(assignment, name)).status_code == 200
    content = _filled(_take(client, assignment), **{f"r_{leaf}": 3 for leaf in leaves(assignment)})
    with django_assert_max_num_queries(14):
        page = _send(client, assignment, content)
    assert len(_lines(page)) == 40
