"""The API of products: agencies submit and follow their own; anybody reads kinds and granted marks."""

from django.db import transaction
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from products import certificates
from products.models import KindField, Product, ProductFile, ProductKind, ProductMove, QualityMark
from products.services import submission
from secretariat.api import IDEMPOTENCY_HEADER, once
from secretariat.models import Agency
from secretariat.rules import represented_agencies

ONCE = OpenApiParameter(
    IDEMPOTENCY_HEADER, str, OpenApiParameter.HEADER, description="A UUID of yours: a repeated request gives the first result."
)


class KindFieldSerializer(serializers.ModelSerializer):
    class Meta:
        model = KindField
        fields = ["key", "type", "required", "label_fa", "label_en", "help_fa", "help_en", "choices"]


class ProductKindSerializer(serializers.ModelSerializer):
    questions = KindFieldSerializer(many=True, source="fields.all")
    indicator_set = serializers.SlugRelatedField(slug_field="code", read_only=True)

    class Meta:
        model = ProductKind
        fields = ["code", "group", "title_fa", "title_en", "indicator_set", "questions"]


@extend_schema_view(
    list=extend_schema(summary="Kinds of products and their questions"), retrieve=extend_schema(summary="One kind of product")
)
class ProductKindViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    permission_classes = [AllowAny]
    serializer_class = ProductKindSerializer
    lookup_field = "code"
    queryset = (
        ProductKind.objects.filter(is_active=True)
        .select_related("indicator_set")
        .prefetch_related("fields")
        .order_by("group", "sort_key", "pk")
    )


class MoveSerializer(serializers.ModelSerializer):
    """A step of the product's way; who took it at the secretariat is not said."""

    class Meta:
        model = ProductMove
        fields = ["action", "source", "target", "at", "why"]


class ProductFileSerializer(serializers.ModelSerializer):
    url = serializers.SerializerMethodField()

    class Meta:
        model = ProductFile
        fields = ["id", "name", "size", "content_type", "sha256", "note", "uploaded_at", "url"]

    def get_url(self, file) -> str:
        return self.context["request"].build_absolute_uri(reverse("product_file", args=[file.pk]))


class ProductSerializer(serializers.ModelSerializer):
    agency = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    kind = serializers.SlugRelatedField(slug_field="code", read_only=True)

    class Meta:
        model = Product
        fields = ["id", "agency", "kind", "status", "title_fa", "title_en", "version", "created_at", "changed_at", "submitted_at"]


class ProductDetailSerializer(ProductSerializer):
    draft = serializers.JSONField(read_only=True, help_text="The answers exactly as typed.")
    files = ProductFileSerializer(many=True, read_only=True, source="attached")
    moves = MoveSerializer(many=True, read_only=True)

    class Meta(ProductSerializer.Meta):
        fields = [*ProductSerializer.Meta.fields, "draft", "files", "moves"]


class CreatorInput(serializers.Serializer):
    name = serializers.CharField(allow_blank=True, max_length=1000)
    role = serializers.CharField(allow_blank=True, max_length=1000, default="")


class LinkInput(serializers.Serializer):
    url = serializers.CharField(allow_blank=True, max_length=4000)
    label = serializers.CharField(allow_blank=True, max_length=1000, default="")


class DraftSerializer(serializers.Serializer):
    """What the agency says; anything is kept, submission tells what is missing."""

    answers = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=100_000), required=False)
    creators = CreatorInput(many=True, required=False)
    links = LinkInput(many=True, required=False)


class NewProductSerializer(DraftSerializer):
    agency = serializers.SlugField(required=False, help_text="Needed when you represent more than one agency.")
    kind = serializers.SlugRelatedField(slug_field="code", queryset=ProductKind.objects.filter(is_active=True))


class EditProductSerializer(DraftSerializer):
    version = serializers.IntegerField(help_text="The version you read; 409 when somebody saved since.")


class VersionOnlySerializer(serializers.Serializer):
    version = serializers.IntegerField(help_text="The version you read; 409 when somebody saved since.")


class WithdrawSerializer(serializers.Serializer):
    why = serializers.CharField(max_length=2000)


class UploadSerializer(serializers.Serializer):
    file = serializers.FileField()
    note = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


@extend_schema_view(
    list=extend_schema(summary="Your agency's products"),
    retrieve=extend_schema(summary="One product: draft, files and its way so far", responses=ProductDetailSerializer),
)
class ProductViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Submit and follow the products of the agency you represent; others' are not found."""

    serializer_class = ProductSerializer
    filterset_fields = ["status", "kind__code"]
    queryset = Product.objects.none()

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Product.objects.none()
        products = Product.objects.visible_to(self.request.user).select_related("agency", "kind").order_by("-changed_at", "-pk")
        if self.action != "list":
            products = products.prefetch_related(Prefetch("files", ProductFile.objects.attached(), to_attr="attached"), "moves")
        return products

    def retrieve(self, request, pk=None):
        return self._told(pk)

    def _told(self, pk, code=status.HTTP_200_OK):
        product = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(ProductDetailSerializer(product, context=self.get_serializer_context()).data, status=code)

    def _checked(self, serializer_class):
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    @extend_schema(
        summary="Begin a product", request=NewProductSerializer, responses={201: ProductDetailSerializer}, parameters=[ONCE]
    )
    def create(self, request):
        said = self._checked(NewProductSerializer)
        agency = self._agency(said.pop("agency", None))
        kind = said.pop("kind")

        def act():
            with transaction.atomic():
                product = submission.start(agency, kind, by=request.user)
                if said:
                    submission.save_draft(product.pk, said, by=request.user, version=product.version)
            return str(product.pk), product

        pk, _first = once(request, act)
        return self._told(pk, status.HTTP_201_CREATED)

    def _agency(self, slug):
        mine = Agency.objects.filter(pk__in=represented_agencies(self.request.user))
        if slug:
            return get_object_or_404(mine, slug=slug)
        agencies = list(mine[:2])
        if not agencies:
            raise PermissionDenied(_("You do not represent an agency."))
        if len(agencies) > 1:
            raise serializers.ValidationError({"agency": _("You represent several agencies: name one.")})
        return agencies[0]

    @extend_schema(summary="Change the draft", request=EditProductSerializer, responses=ProductDetailSerializer)
    def partial_update(self, request, pk=None):
        product = get_object_or_404(self.get_queryset(), pk=pk)
        said = self._checked(EditProductSerializer)
        submission.save_draft(product.pk, said, by=request.user, version=said.pop("version"))
        return self._told(pk)

    @extend_schema(summary="Hand it in", request=VersionOnlySerializer, responses=ProductDetailSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request, pk=None):
        product = get_object_or_404(self.get_queryset(), pk=pk)
        submission.submit(product.pk, by=request.user, version=self._checked(VersionOnlySerializer)["version"])
        return self._told(pk)

    @extend_schema(summary="Withdraw it", request=WithdrawSerializer, responses=ProductDetailSerializer, parameters=[ONCE])
    @action(detail=True, methods=["post"])
    def withdraw(self, request, pk=None):
        product = get_object_or_404(self.get_queryset(), pk=pk)
        why = self._checked(WithdrawSerializer)["why"]
        once(request, lambda: (str(pk), submission.withdraw(product.pk, by=request.user, why=why)))
        return self._told(pk)

    @extend_schema(
        summary="Attach a file", request={"multipart/form-data": UploadSerializer}, responses={201: ProductFileSerializer}
    )
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser, FormParser, JSONParser])
    def files(self, request, pk=None):
        product = get_object_or_404(self.get_queryset(), pk=pk)
        said = self._checked(UploadSerializer)
        made = submission.attach(product.pk, said["file"], by=request.user, note=said["note"])
        return Response(ProductFileSerializer(made, context=self.get_serializer_context()).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Take a file out of the draft",
        responses={204: None},
        parameters=[OpenApiParameter("file_id", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}, OpenApiParameter.PATH)],
    )
    @action(detail=True, methods=["delete"], url_path=r"files/(?P<file_id>[0-9]{1,18})", url_name="file")
    def file(self, request, pk=None, file_id=None):
        product = get_object_or_404(self.get_queryset(), pk=pk)
        get_object_or_404(ProductFile.objects.attached(), product=product, pk=file_id)
        submission.detach(int(file_id), by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MarkSerializer(serializers.ModelSerializer):
    """A granted mark as the public reads it; `valid` is the truth of today."""

    agency = serializers.CharField(source="product.agency.slug")
    agency_fa = serializers.CharField(source="product.agency.name_fa")
    agency_en = serializers.CharField(source="product.agency.name_en")
    product_fa = serializers.CharField(source="product.title_fa")
    product_en = serializers.CharField(source="product.title_en")
    kind = serializers.CharField(source="product.kind.code")
    resolution = serializers.SerializerMethodField(help_text="Jalali year and number of the council's resolution.")
    valid = serializers.BooleanField(source="is_in_force")
    standing = serializers.CharField(help_text="What is true today: granted, coming, expired, suspended or revoked.")
    renews = serializers.CharField(source="renews.serial", default=None, allow_null=True, help_text="The serial that it follows.")
    verify_url = serializers.SerializerMethodField()

    class Meta:
        model = QualityMark
        fields = [
            "serial", "level", "status", "valid", "valid_from", "valid_until", "granted_at", "product_fa", "product_en", "kind",
            "agency", "agency_fa", "agency_en", "score_value", "score_low", "score_high", "resolution", "standing", "renews",
            "verify_url",
        ]  # fmt: skip

    def get_verify_url(self, mark) -> str:
        return certificates.verify_url(mark)

    def get_resolution(self, mark) -> str:
        return f"{mark.resolution.year}/{mark.resolution.number}"


@extend_schema_view(
    list=extend_schema(summary="The public register of quality marks"),
    retrieve=extend_schema(summary="Verify a mark by its serial: what is true of it today"),
)
class MarkViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    permission_classes = [AllowAny]
    serializer_class = MarkSerializer
    lookup_field = "serial"
    filterset_fields = ["level", "status", "product__agency__slug", "product__kind__code"]

    def get_queryset(self):
        return (
            QualityMark.objects.public()
            .select_related("product__agency", "product__kind", "resolution", "renews")
            .order_by("-granted_at", "-pk")
        )
