"""The demonstration: people of every role carry real products through the whole job, by the services alone.

Every rating is synthetic and labelled so; titles and dates come from the secretariat's own history.
"""

import io
import os
import random
import secrets
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import combinations
from pathlib import Path

import yaml
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from assessments.models import Affiliation, Assessor, Entry, Indicator, IndicatorSet, SetVersion
from assessments.scoring.comparisons import nearest_step
from assessments.selectors.comparisons import groups_of
from assessments.selectors.remarks import clean, fingerprint, round_remarks
from assessments.services import assessments, comparisons, measurements, remarks, rounds, runs
from assessments.services.programmes import add_programmes
from portal import story_actions, story_council, story_excellence, story_exemplars, story_moderation, story_programmes
from products.forms.submission import QUESTION
from products.models import Overlap, Product, ProductKind
from products.selectors.judging import set_versions_for
from products.services import overlaps, screening, submission
from secretariat.models import Agency, Council, RoleGrant, Seat, User

DATA = Path(__file__).parent / "data" / "story.yaml"
ROLES = {
    "administrator": "administrator",
    "secretary": "head of the secretariat",
    "officer": "secretariat officer",
    "representative": "agency representative",
    "assessor": "assessor",
    "chair": "chair of the policy council",
    "secretary_of_council": "secretary of the policy council",
    "member": "member of the policy council",
}


# ------------------------------------------------------------------ accounts
def password():
    """The password of the demonstration accounts: from the environment, else made once for this installation."""
    if given := os.environ.get("DEMO_PASSWORD"):
        return given
    kept = settings.DATA_DIR / "demo-password"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(9))
    return kept.read_text()


def opens(words):
    """Whether this password opens the demonstration: it may have been loaded, or changed, with another one."""
    username, _role = accounts()[0]
    return User.objects.get(username=username).check_password(words)


def accounts():
    """[(user name, role)] of the demonstration accounts in this database, in the story's order."""
    there = set(
        User.objects.filter(username__in=[person["username"] for person in _script()["people"]]).values_list(
            "username", flat=True
        )
    )
    return [(person["username"], _role_in_words(person)) for person in _script()["people"] if person["username"] in there]


def _role_in_words(person):
    if person["role"] == "seat":
        return ROLES["secretary_of_council" if person["seat"] == "secretary" else person["seat"]]
    place = f" – {person['agency']}" if "agency" in person else ""
    return ROLES[person["role"]] + place


@cache
def _script():
    return yaml.safe_load(DATA.read_text(encoding="utf-8"))


# ------------------------------------------------------------------ the story
@transaction.atomic
def tell():
    """Make the demonstration, once: a database that has its people is left as it is."""
    script = _script()
    if User.objects.filter(username=script["people"][0]["username"]).exists():
        return
    people = _people(script["people"])
    products = {said["key"]: _product(said, people) for said in script["products"]}
    _rounds(script["products"], products, story_programmes.make(people), people)
    named = story_exemplars.nominate(products, people)
    story_council.tell([products[said["key"]] for said in script["products"] if said.get("round") == "finished"], named, people)
    _weights(people)
    story_excellence.tell(people)
    story_actions.tell(people)


def _people(said):
    hashed = make_password(password())
    policy = Council.objects.get(kind=Council.Kind.POLICY)
    people = {}
    for person in said:
        user = User.objects.create(
            username=person["username"],
            first_name=person["fa"][0],
            last_name=person["fa"][1],
            name_en=person["en"],
            email=f"{person['username']}@example.org",
            password=hashed,
            is_staff=person["role"] == "administrator",
            is_superuser=person["role"] == "administrator",
        )
        people[user.username] = user
        _role(user, person, policy)
    return people


def _role(user, person, policy):
    role = person["role"]
    if role in ("secretary", "officer"):
        RoleGrant.objects.create(user=user, role=role)
    if agency := person.get("agency") or person.get("represents"):
        RoleGrant.objects.create(user=user, role="representative", agency=Agency.objects.get(slug=agency))
    if role == "seat":
        Seat.objects.create(
            council=policy, user=user, role=person["seat"], starts_on=(timezone.localdate() - timedelta(days=300))
        )
    if role == "assessor":
        assessor = Assessor.objects.create(user=user, field_fa=person["field"][0], field_en=person["field"][1])
        assessor.expertise.set(IndicatorSet.objects.filter(code__in=person["sets"]))
        if tie := person.get("affiliation"):
            Affiliation.objects.create(assessor=assessor, agency=Agency.objects.get(slug=tie), note="نمایشی")


def _product(said, people):
    """Write, and unless it stays a draft hand in and screen, one product of the story."""
    by, officer = people[said["by"]], people["karshenas"]
    agency = Agency.objects.get(role_grants__user=by, role_grants__role="representative")
    product = submission.start(agency, ProductKind.objects.get(code=said["kind"]), by=by)
    answers = {
        "title_fa": said["title"][0],
        "title_en": said["title"][1],
        "summary": said["summary"],
        "audience": said.get("audience", "general"),
        "starts_on": said["starts_on"],
        "ends_on": said.get("ends_on", ""),
        **{QUESTION + key: value for key, value in said["details"].items()},
    }
    creators = [{"name": name, "role": role} for name, role in said.get("creators", [])]
    product = submission.save_draft(product.pk, {"answers": answers, "creators": creators}, by=by, version=product.version)
    Product.objects.filter(pk=product.pk).update(is_demo=True)
    submission.attach(product.pk, _picture(said["key"]), by=by, note="تصویر نمونه (نمایشی)")
    state = said.get("state", "accepted")
    if state == "draft":
        return product
    version = submission.submit(product.pk, by=by, version=product.version)
    if state == "withdrawn":
        return submission.withdraw(product.pk, by=by, why="این پویش با پویش دستگاه دیگر یکی شد.")
    if state == "submitted":
        return product
    everything = dict.fromkeys(screening.CHECKLIST, "yes")
    if state == "returned":
        return screening.screen(version.pk, "return", everything | {"evidence": "no"}, said["returned"], "", by=officer)
    for overlap in product.overlaps.filter(decision=Overlap.Decision.OPEN):
        decision, reason = said.get("overlap", ("distinct", "موضوع و مخاطب دو کار جداست."))
        overlaps.decide(overlap.pk, decision, reason, by=officer)
    return screening.screen(version.pk, "accept", everything, {}, "", by=officer)


def _picture(key):
    """A quiet picture that says that it is a sample; its colours come from the key, so no two are the same file."""
    rng = random.Random(key)
    image = Image.new("RGB", (900, 600), (244, 239, 228))
    draw = ImageDraw.Draw(image)
    for n in range(7):
        shade = (20 + rng.randrange(60), 80 + rng.randrange(60), 90 + rng.randrange(60))
        draw.rectangle([60 + n * 112, 520 - rng.randrange(80, 420), 150 + n * 112, 520], fill=shade)
    draw.text((60, 40), "Sample picture for the demonstration", fill=(40, 60, 60))
    out = io.BytesIO()
    image.save(out, "PNG")
    return SimpleUploadedFile("نمونه.png", out.getvalue(), content_type="image/png")


# ------------------------------------------------------------------ rounds
def _rounds(said, products, programmes, people):
    officer = people["karshenas"]
    rng = random.Random(1394)
    finished = _round(("دور نمایشی پایان‌یافته", "Finished demonstration round"), "finished", said, products, programmes, officer)
    levels = {products[one["key"]].subject_id: one["level"] for one in said if "level" in one}
    levels |= {programme.subject_id: level for programme, _round, level in programmes}
    for entry in Entry.objects.filter(round=finished):
        level = levels[entry.subject_id]
        # Near one another, yet never all the same; what lies too far apart is discussed and settled before the scores are fixed.
        _judge(entry, level, people, rng, panel=4 if level > 90 else 3, noise=8)
    rounds.move_round(finished.pk, "close", by=officer, why="همهٔ ارزیابی‌ها رسیده است.")
    runs.rescore_round(finished.pk)
    story_moderation.settle(finished.pk, officer)
    for step in ("score", "confirm"):
        rounds.move_round(finished.pk, step, by=officer)
    remarks.release_clean(finished.pk, by=officer, seen=fingerprint(clean(round_remarks(finished))))
    rounds.move_round(finished.pk, "publish", by=officer)
    current = _round(("دور نمایشی در جریان", "Demonstration round under way"), "open", said, products, programmes, officer)
    for place, entry in enumerate(Entry.objects.filter(round=current)):
        _judge(entry, 75, people, rng, panel=3, submitted=2 - place)
    runs.rescore_round(current.pk)


def _round(titles, name, said, products, programmes, officer):
    round_ = rounds.create_round(
        by=officer,
        title_fa=titles[0],
        title_en=titles[1],
        deadline=timezone.now() + timedelta(days=21),
        panel_size=3,
        moderation="consensus",
        is_demo=True,
        note="رتبه‌دهی‌های این دور ساختگی است و فقط برای نمایش سامانه.",
    )
    for one in said:
        if one.get("round") == name:
            product = Product.objects.select_related("kind").get(pk=products[one["key"]].pk)
            rounds.add_subject(round_.pk, product.subject_id, set_versions_for(product), by=officer)
    add_programmes(round_.pk, [programme.pk for programme, where, _level in programmes if where == name], by=officer)
    return rounds.move_round(round_.pk, "open", by=officer)


def _judge(entry, level, people, rng, *, panel, submitted=None, noise=9):
    """Measure, assign a panel without conflicts, and have `submitted` of them (all, if None) hand in; the rest begin."""
    officer = people["karshenas"]
    for indicator in _leaves(entry, "secretariat"):
        ratio = indicator.scale.kind == "ratio"
        value = Decimal(level * 50) if ratio else _on_scale(level, indicator.scale)
        target = {"target": Decimal(5000)} if ratio else {}
        measurements.set_measurement(entry.pk, indicator.pk, value=value, note="نمایشی", by=officer, **target)
    free = Assessor.objects.exclude(affiliations__agency=entry.subject.agency_id).exclude(
        user__role_grants__agency=entry.subject.agency_id
    )
    chosen = rng.sample(list(free.select_related("user").order_by("pk")), panel)
    for place, assessor in enumerate(chosen):
        assignment = rounds.assign(entry.pk, assessor.pk, by=officer)
        if submitted is not None and place > submitted:
            continue  # still to answer
        rounds.answer(assignment.pk, "accept", by=assessor.user)
        complete = submitted is None or place < submitted
        _fill(assignment, entry, level, assessor.user, rng, complete, noise)


def _fill(assignment, entry, level, user, rng, complete, noise):
    severity = rng.gauss(0, 4)
    leaves = _leaves(entry, "expert")
    if not complete:
        leaves = leaves[: len(leaves) // 2]
    values = {f"r-{leaf.pk}": f"{_on_scale(rng.gauss(level - severity, noise), leaf.scale):g}" for leaf in leaves}
    texts = {
        "strengths": "پیوند روشن با نیاز مخاطب و اجرای سنجیده. (نمایشی)",
        "improvements": "گزارش اثر پس از پایان کار کامل‌تر شود. (نمایشی)",
    }
    saved = assessments.save_draft(assignment.pk, {**values, **texts}, by=user, version=0)
    if complete:
        assessments.submit(assignment.pk, by=user, version=saved.assessment.version)


def _leaves(entry, rater):
    return list(
        Indicator.objects.filter(version__sheet_parts__sheet=entry.sheet_id, scale__isnull=False, rater=rater)
        .select_related("scale")
        .order_by("version_id", "position")
    )


def _on_scale(quality, scale):
    """The value on `scale` nearest to a quality of 0–100."""
    share = min(max(quality, 0), 100) / 100
    if scale.kind == "inverse":
        share = 1 - share
    span = scale.maximum - scale.minimum
    steps = round(Decimal(share) * span / scale.step)
    return min(scale.maximum, scale.minimum + steps * scale.step)


# ------------------------------------------------------------------ weights
def _weights(people):
    """Experts compare the dimensions of the set for books: three have finished, one is under way."""
    experts, rng = ["arzyab2", "arzyab3", "arzyab4", "arzyab1"], random.Random(7)
    study = comparisons.open_study(
        SetVersion.objects.published().get(set__code="book").pk,
        by=people["karshenas"],
        groups=[""],
        experts=[people[name] for name in experts],
        deadline=timezone.now() + timedelta(days=21),
        note="پاسخ‌های این وزن‌سنجی ساختگی است و فقط برای نمایش سامانه.",
    )
    (group,) = groups_of(study)
    for name in experts:
        opinion = {item.pk: float(item.weight_before) * 2 ** rng.gauss(0, 0.6) for item in group.rows}
        steps = {
            (left, right): nearest_step(opinion[left] / opinion[right] * 2 ** rng.gauss(0, 0.3))
            for left, right in combinations(opinion, 2)
        }
        under_way = name == experts[-1]
        given = dict(list(steps.items())[:2]) if under_way else steps
        comparisons.answer(study.pk, group.pk, given, by=people[name], version=0)
        if not under_way:
            comparisons.finish(study.pk, by=people[name])
