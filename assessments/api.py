"""Public reading of published indicator sets."""

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from assessments.models import IndicatorSet, SetVersion
from assessments.selectors import sets


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
