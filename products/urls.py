"""Addresses of the products room."""

from django.urls import path

from products.views import files, product_list, submission

urlpatterns = [
    # the agency's side of a product
    path("products/", product_list.product_list, name="product_list"),
    path("products/new/", submission.product_new, name="product_new"),
    path("products/<int:pk>/", submission.product_detail, name="product_detail"),
    path("products/<int:pk>/edit/", submission.product_edit, name="product_edit"),
    path("products/<int:pk>/autosave/", submission.product_autosave, name="product_autosave"),
    path("products/<int:pk>/review/", submission.product_review, name="product_review"),
    path("products/<int:pk>/withdraw/", submission.product_withdraw, name="product_withdraw"),
    path("products/<int:pk>/versions/<int:number>/", submission.product_version, name="product_version"),
    path("products/<int:pk>/versions/<int:number>/changes/", submission.product_version_diff, name="product_version_diff"),
    path("products/<int:pk>/files/", files.product_file_upload, name="product_file_upload"),
    path("products/files/<int:pk>/", files.product_file, name="product_file"),
    path("products/files/<int:pk>/remove/", files.product_file_remove, name="product_file_remove"),
]
