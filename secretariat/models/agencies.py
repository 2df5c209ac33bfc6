"""Provinces, the member agencies and their units."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from secretariat.bilingual import Bilingual
from secretariat.fields import LegalIdField
from secretariat.text_columns import NameColumn, SearchColumn, SortColumn


class Province(models.Model):
    iso = models.CharField(_("ISO code"), max_length=5, unique=True)
    name_fa = models.CharField(_("name (Persian)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60)
    capital_fa = models.CharField(_("capital (Persian)"), max_length=60, blank=True)
    capital_en = models.CharField(_("capital (English)"), max_length=60, blank=True)
    sort_key = SortColumn("name_fa")

    name = Bilingual("name")

    class Meta:
        verbose_name, verbose_name_plural = _("province"), _("provinces")
        ordering = ["sort_key", "pk"]

    def __str__(self):
        return self.name


class AgencyQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Members are a public register; the rest is for officers."""
        from secretariat import rules

        if rules.is_officer(user):
            return self
        return self.filter(is_member=True)

    def managed_by(self, user):
        """Those whose own affairs `user` may see: every one for officers, else those represented."""
        from secretariat import rules

        if rules.is_officer(user):
            return self
        return self.filter(pk__in=rules.represented_agencies(user))


class Kind(models.TextChoices):
    COUNCIL = "council", _("council")
    MUNICIPAL = "municipal", _("municipal organisation")
    NATIONAL_MEDIA = "national_media", _("national media")
    MINISTRY = "ministry", _("ministry")
    MINISTRY_UNIT = "ministry_unit", _("ministry unit")
    HEADQUARTERS = "headquarters", _("headquarters")
    PUBLIC_FOUNDATION = "public_foundation", _("public foundation")
    GOVERNMENT_COMPANY = "government_company", _("government company")
    PUBLIC_BODY = "public_body", _("public body")
    UNIVERSITY = "university", _("university")
    SEMINARY_BODY = "seminary_body", _("seminary body")
    ACADEMY = "academy", _("academy")
    ASSEMBLY = "assembly", _("assembly")
    NEWS_AGENCY = "news_agency", _("news agency")
    SHRINE_FOUNDATION = "shrine_foundation", _("shrine foundation")
    RESEARCH = "research", _("research institute")


@pghistory.track()
class Agency(models.Model):
    """A cultural agency; a member one may submit products."""

    Kind = Kind

    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    name_fa = models.CharField(_("name (Persian)"), max_length=200, unique=True)
    name_en = models.CharField(_("name (English)"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    legal_id = LegalIdField(_("legal id"), null=True, blank=True, unique=True)
    province = models.ForeignKey(
        Province, models.PROTECT, null=True, blank=True, verbose_name=_("province"), related_name="agencies"
    )
    head = models.CharField(
        _("head"), max_length=150, blank=True, help_text=_("Who heads it now: an assessor related to this person judges nothing of it.")
    )
    website = models.URLField(_("website"), blank=True)
    phone = models.CharField(_("telephone"), max_length=30, blank=True)
    is_member = models.BooleanField(_("member"), default=True, help_text=_("Only member agencies submit products."))
    membership_note = models.CharField(_("note on the membership"), max_length=300, blank=True)
    is_demo = models.BooleanField(_("demonstration row"), default=False)
    joined_on = models.DateField(_("member since"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    search_key = SearchColumn("name_fa", "name_en")
    sort_key = SortColumn("name_fa")
    head_key = NameColumn("head")

    name = Bilingual("name")
    objects = AgencyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("agency"), _("agencies")
        ordering = ["sort_key", "pk"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=Kind.values), name="agency_kind_known")]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("agency_detail", args=[self.slug])


class UnitQuerySet(models.QuerySet):
    def managed_by(self, user):
        """The units of the agencies whose affairs `user` may see."""
        return self.filter(agency__in=Agency.objects.managed_by(user))


@pghistory.track()
class Unit(models.Model):
    """A part of an agency: directorate, provincial or county office, centre, library."""

    class Kind(models.TextChoices):
        DIRECTORATE = "directorate", _("directorate")
        PROVINCE = "province", _("provincial office")
        COUNTY = "county", _("county office")
        CENTRE = "centre", _("centre")
        LIBRARY = "library", _("library")

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="units", verbose_name=_("agency"))
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    name_fa = models.CharField(_("name (Persian)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    province = models.ForeignKey(
        Province, models.PROTECT, null=True, blank=True, related_name="units", verbose_name=_("province")
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    sort_key = SortColumn("name_fa")

    name = Bilingual("name")
    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("unit"), _("units")
        ordering = ["sort_key", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "parent", "name_fa"], nulls_distinct=False, name="unit_named_once_beside_its_siblings"
            ),
            models.CheckConstraint(condition=~Q(parent=models.F("id")), name="unit_not_its_own_parent"),
            models.CheckConstraint(condition=Q(kind__in=["directorate", "province", "county", "centre", "library"]), name="unit_kind_known"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="unit_stays_in_its_tree",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("parent_id", "agency_id"),
                declare=[("above", "bigint")],
                func="""
                    IF TG_OP = 'UPDATE' AND NEW.agency_id <> OLD.agency_id THEN
                        RAISE EXCEPTION 'a unit stays in its agency' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.parent_id IS NULL THEN RETURN NEW; END IF;
                    -- Two moves at once could close a ring that neither sees.
                    PERFORM 1 FROM secretariat_agency WHERE id = NEW.agency_id FOR NO KEY UPDATE;
                    IF NOT EXISTS (SELECT 1 FROM secretariat_unit WHERE id = NEW.parent_id AND agency_id = NEW.agency_id) THEN
                        RAISE EXCEPTION 'the unit above is of another agency' USING ERRCODE = 'check_violation';
                    END IF;
                    above := NEW.parent_id;
                    WHILE above IS NOT NULL LOOP
                        IF above = NEW.id THEN
                            RAISE EXCEPTION 'a unit cannot be below itself' USING ERRCODE = 'check_violation';
                        END IF;
                        SELECT parent_id INTO above FROM secretariat_unit WHERE id = above;
                    END LOOP;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return self.name
