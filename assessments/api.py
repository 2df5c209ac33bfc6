"""What programs read: published indicator sets and rounds for everybody, each score for those whom it concerns."""

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from assessments.models import Entry, IndicatorSet, Round, RoundBundle, SetVersion
from assessments.rules import PUBLIC_ROUNDS
from assessments.selectors import sets
from assessments.selectors.score_readers import ScoreReader
from assessments.selectors.scores import explain


class ScaleSerializer(serializers.Serializer):
    code = serializers.CharField()
    kind = serializers.CharField()
    name_fa = serializers.CharField()
    name_en = serializers.CharField()
    minimum = serializers.DecimalField(max_digits=12, decimal_places=4)
    maximum = serializers.DecimalField(max_digits=12, decimal_places=4, allow_null=True)
    step = serializers.DecimalField(max_digits=12, decimal_places=4)
    anchors = serializers.JSONField()


class IndicatorSerializer(serializers.Serializer):
    """A node of the tree; `weight` is percent among siblings, `effective_weight` percent of the whole version."""

    code = serializers.CharField()
    number = serializers.CharField()
    title_fa = serializers.CharField()
    title_en = serializers.CharField()
    guidance_fa = serializers.CharField()
    guidance_en = serializers.CharField()
    weight = serializers.DecimalField(max_digits=9, decimal_places=6)
    effective_weight = serializers.DecimalField(max_digits=9, decimal_places=4, source="effective")
    scale = ScaleSerializer(allow_null=True)
    rater = serializers.CharField()
    allow_na = serializers.BooleanField()
    gate_least = serializers.DecimalField(max_digits=5, decimal_places=2, allow_null=True)
    children = serializers.SerializerMethodField()

    @extend_schema_field({"type": "array", "items": {"$ref": "#/components/schemas/Indicator"}})
    def get_children(self, node):
        return IndicatorSerializer(node.children, many=True).data


class SetVersionSerializer(serializers.ModelSerializer):
    class Meta:
        model = SetVersion
        fields = ["number", "status", "published_at", "note_fa", "note_en", "content_hash"]


class IndicatorSetSerializer(serializers.ModelSerializer):
    versions = SetVersionSerializer(many=True, source="public_versions")

    class Meta:
        model = IndicatorSet
        fields = ["code", "layer", "title_fa", "title_en", "intro_fa", "intro_en", "versions"]


class SetTreeSerializer(SetVersionSerializer):
    set = serializers.SlugRelatedField(slug_field="code", read_only=True)
    indicators = serializers.SerializerMethodField()

    class Meta(SetVersionSerializer.Meta):
        fields = ["set", *SetVersionSerializer.Meta.fields, "indicators"]

    @extend_schema_field(IndicatorSerializer(many=True))
    def get_indicators(self, version):
        return IndicatorSerializer(sets.tree(version), many=True).data


@extend_schema_view(
    list=extend_schema(summary="Published indicator sets"),
    retrieve=extend_schema(summary="One indicator set and its published versions"),
)
class IndicatorSetViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Indicator sets as they are published openly; drafts are never here."""

    permission_classes = [AllowAny]
    serializer_class = IndicatorSetSerializer
    lookup_field = "code"
    filterset_fields = ["layer"]

    def get_queryset(self):
        public = SetVersion.objects.filter(status__in=["published", "retired"]).order_by("-number")
        return (
            IndicatorSet.objects.filter(pk__in=public.values("set"))
            .prefetch_related(Prefetch("versions", public, to_attr="public_versions"))
            .order_by("sort_key", "pk")
        )

    @extend_schema(
        summary="The whole tree of one version",
        parameters=[OpenApiParameter("number", {"type": "integer", "minimum": 1, "maximum": 10**6 - 1}, OpenApiParameter.PATH)],
        responses=SetTreeSerializer,
    )
    @action(detail=True, url_path=r"versions/(?P<number>[0-9]{1,6})", url_name="version")
    def version(self, request, code=None, number=None):
        version = get_object_or_404(
            SetVersion.objects.select_related("set").filter(status__in=["published", "retired"]), set__code=code, number=number
        )
        return Response(SetTreeSerializer(version).data)


# --- rounds and scores ----------------------------------------------------------------------------

POINT = {"type": ["number", "null"], "minimum": 0, "maximum": 100}
SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}


@extend_schema_field(POINT)
class PointField(serializers.FloatField):
    """Points of 100, or null."""


@extend_schema_field(SHARE)
class ShareField(serializers.FloatField):
    """A share or a probability, or null."""


class BundleSerializer(serializers.ModelSerializer):
    """The data from which anybody computes the scores again; checked by `python -m assessments.scoring verify FILE`."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = RoundBundle
        fields = ["url", "size", "sha256", "released_at"]

    def get_url(self, bundle) -> str:
        return self.context["request"].build_absolute_uri(bundle.get_absolute_url())


class RoundSerializer(serializers.ModelSerializer):
    """A round whose results stand: how they were computed and how far they can be relied on; nothing names a product."""

    method = serializers.CharField(source="run.method")
    algorithm = serializers.CharField(source="run.algorithm")
    inputs_hash = serializers.CharField(source="run.inputs_hash", help_text="SHA-256 of everything the scores follow from.")
    computed_at = serializers.DateTimeField(source="run.finished_at")
    lists = serializers.IntegerField(source="run.component_count", help_text="Lists whose scores cannot be compared.")
    summary = serializers.SerializerMethodField()
    data = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Round
        fields = [
            "id", "title_fa", "title_en", "is_demo", "method", "algorithm", "inputs_hash", "computed_at", "lists", "summary",
            "data", "url",
        ]  # fmt: skip

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_summary(self, round_):
        wanted = ("products", "assessors", "sheets", "ratings", "top", "cuts", "draws", "alpha", "reliability", "separation")
        return {name: value for name, value in round_.run.summary.items() if name in wanted}

    @extend_schema_field(BundleSerializer(allow_null=True))
    def get_data(self, round_):
        bundle = getattr(round_.run, "bundle", None)
        return BundleSerializer(bundle, context=self.context).data if bundle is not None and bundle.is_released else None

    def get_url(self, round_) -> str:
        return self.context["request"].build_absolute_uri(reverse("round_public", args=[round_.pk]))


@extend_schema_view(
    list=extend_schema(summary="Rounds with published results"),
    retrieve=extend_schema(summary="One published round: method, reliability, data for recomputation"),
)
class RoundViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    permission_classes = [AllowAny]
    serializer_class = RoundSerializer
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self):
        published = Round.objects.filter(status__in=PUBLIC_ROUNDS)
        return published.select_related("run__bundle").order_by("-created_at", "-pk")


# --- scores --------------------------------------------------------------------------------------


class ScoreSerializer(serializers.ModelSerializer):
    """The total of an entry: raw_mean + adjustment, cut at 0 and 100, is the value; null adjustment: the plain mean stands."""

    entry = serializers.IntegerField(source="pk")
    round = serializers.IntegerField(source="round_id")
    title_fa = serializers.CharField(source="subject.title_fa")
    title_en = serializers.CharField(source="subject.title_en")
    agency = serializers.SerializerMethodField(help_text="Null for an assessor whose round does not show whose it is.")
    is_final = serializers.SerializerMethodField(help_text="Published; until then it may still change.")
    is_stale = serializers.BooleanField(help_text="Being computed anew.")
    value = PointField(source="result.value")
    low = PointField(source="result.low", help_text="95 % interval.")
    high = PointField(source="result.high")
    standard_error = serializers.FloatField(source="result.standard_error", allow_null=True)
    raw_mean = PointField(source="result.raw_mean")
    adjustment = serializers.FloatField(source="result.adjustment", allow_null=True)
    assessors = serializers.IntegerField(source="result.raters")
    coverage = ShareField(source="result.coverage")
    gate_failed = serializers.BooleanField(source="result.gate_failed")

    class Meta:
        model = Entry
        fields = [
            "entry", "round", "title_fa", "title_en", "agency", "is_final", "is_stale", "value", "low", "high", "standard_error",
            "raw_mean", "adjustment", "assessors", "coverage", "gate_failed",
        ]  # fmt: skip

    def get_agency(self, entry) -> str | None:
        return entry.subject.agency.slug if self.context["reader"].knows_submitter(entry) else None

    def get_is_final(self, entry) -> bool:
        return entry.round.status == Round.Status.PUBLISHED


class BandSerializer(serializers.Serializer):
    begin = PointField()
    end = PointField()
    chance = ShareField()
    is_own = serializers.BooleanField()


class StandingSerializer(serializers.Serializer):
    """What is not told to this reader is null (an agency: the place; the public: any place at all)."""

    products = serializers.IntegerField()
    place = serializers.IntegerField(allow_null=True)
    place_low = serializers.IntegerField(allow_null=True)
    place_high = serializers.IntegerField(allow_null=True)
    chance_top = ShareField()
    bands = BandSerializer(many=True)
    chance_other_band = ShareField()
    without_low = serializers.FloatField(allow_null=True)
    without_high = serializers.FloatField(allow_null=True)
    robust = serializers.FloatField(allow_null=True)
    part = serializers.IntegerField(allow_null=True)


class ScoreLineSerializer(serializers.Serializer):
    """A node of the tree: share × mean is its contribution, and all indicators' contributions sum to raw_mean."""

    kind = serializers.ChoiceField(choices=["part", "dimension", "indicator"])
    number = serializers.CharField()
    title = serializers.CharField()
    share = ShareField()
    mean = PointField()
    contribution = serializers.FloatField()
    value = PointField()
    low = PointField(source="score.low")
    high = PointField(source="score.high")
    gate_failed = serializers.BooleanField()
    not_applicable = serializers.IntegerField()
    left_out = serializers.BooleanField()
    filled = serializers.IntegerField()


class VoiceSerializer(serializers.Serializer):
    """One assessor under a number: given + correction is adjusted, and the plain mean of `adjusted` is the fair score."""

    number = serializers.IntegerField(source="alias")
    given = PointField(source="value")
    correction = serializers.FloatField(allow_null=True)
    adjusted = serializers.FloatField(allow_null=True)
    coverage = ShareField()


class AgreedLineSerializer(serializers.Serializer):
    title = serializers.CharField()
    mean = PointField(help_text="Of the panel, as it was given blind.")
    value = PointField(source="value.share", help_text="Null: it was agreed not to apply.")
    comment = serializers.CharField()


class AgreementSerializer(serializers.Serializer):
    """What the panel agreed on in moderation: the total with these values stands beside the score, which does not change."""

    mean = PointField(help_text="The plain mean of the panel, from which the agreement starts.")
    value = PointField(help_text="With the agreed values in the place of the panel's means; not corrected for severity.")
    nodes = AgreedLineSerializer(many=True, source="lines")


class ScoreDetailSerializer(serializers.Serializer):
    """Why a score is what it is, as its reader may know it."""

    audience = serializers.ChoiceField(choices=["staff", "council", "agency", "public"])
    score = ScoreSerializer(source="entry")
    standing = StandingSerializer(allow_null=True)
    nodes = ScoreLineSerializer(many=True, source="lines")
    assessors = VoiceSerializer(many=True, source="voices")
    agreed = AgreementSerializer(allow_null=True)
    algorithm = serializers.CharField(source="run.algorithm")
    inputs_hash = serializers.CharField(source="run.inputs_hash")


@extend_schema_view(list=extend_schema(summary="The scores that concern you"))
class ScoreViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Officers read all; after publication agencies their own, council members all, assessors what they judged."""

    serializer_class = ScoreSerializer
    queryset = Entry.objects.none()
    filterset_fields = ["round"]
    lookup_value_regex = "[0-9]{1,18}"

    @cached_property
    def reader(self):
        return ScoreReader(self.request.user)

    def get_serializer_context(self):
        return {**super().get_serializer_context(), "reader": self.reader}

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Entry.objects.none()
        entries = self.reader.entries().filter(result__value__isnull=False)
        return entries.select_related("round", "subject__agency", "result").order_by("-round", "pk")

    @extend_schema(summary="Why a score is what it is", responses=ScoreDetailSerializer)
    def retrieve(self, request, pk=None):
        entry = get_object_or_404(self.get_queryset(), pk=pk)
        audience = self.reader.audience(entry)
        if audience is None:
            raise NotFound
        return Response(ScoreDetailSerializer(explain(entry, audience=audience), context=self.get_serializer_context()).data)
