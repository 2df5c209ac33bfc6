"""Django settings; everything that differs between machines comes from the environment."""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name, default=None):
    """The environment's word on `name`; without a default a missing one stops the start."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set {name} in the environment.")
    return value


def env_list(name, default=""):
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


DEBUG = env("DEBUG", "0") == "1"
SECRET_KEY = env(
    "SECRET_KEY", "insecure-development-key-0123456789-abcdefghijklmnop" if DEBUG or env("TESTING", "0") == "1" else None
)
# Older secrets that still open what was sealed or signed under them, while a new one takes over.
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
BEHIND_TLS = env("BEHIND_TLS", "0") == "1"
# Where people reach the portal: links in e-mail and QR codes are built from this, never from the Host header.
PUBLIC_URL = env("PUBLIC_URL", f"http://127.0.0.1:{env('PORT', '8000')}").rstrip("/")

DATA_DIR = Path(env("DATA_DIR", str(BASE_DIR / ".run"))).resolve()

INSTALLED_APPS = [
    "secretariat",
    "assessments",
    "products",
    "portal",
    "django_jalali",
    "secretariat.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "csp",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "secretariat.middleware.LanguageMiddleware",
    "secretariat.middleware.CalendarMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "secretariat.middleware.SessionAgeMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "secretariat.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "secretariat.urls"
WSGI_APPLICATION = "secretariat.wsgi.application"

_loaders = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "secretariat.context.shell",
            ],
            "loaders": _loaders if DEBUG else [("django.template.loaders.cached.Loader", _loaders)],
        },
    }
]

# ------------------------------------------------------------------ database, cache, queue
DATABASES = {"default": dj_database_url.parse(env("DATABASE_URL"), conn_max_age=int(env("CONN_MAX_AGE", "600")))}
# Every trigger asks for this variable; unset, the question is an error caught in a subtransaction, whose undoing
# walks through all deferred checks of the transaction: quadratic at the commit of a large one.
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options["options"] = f"{_options.get('options', '')} -c pgtrigger.ignore={{}}".strip()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "secretariat.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": env("REDIS_PREFIX", "portal"),
    }
}
# Plain database sessions: one indexed read, and a sign-out can never be undone by a cache that was away.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": env("REDIS_PREFIX", "portal") + ":",
    # Longer than the longest task: late acknowledgement redelivers what seems lost, and every task is idempotent.
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Asia/Tehran"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "sweep stale scores": {"task": "assessments.tasks.sweep_scores", "schedule": 30.0},
    "sweep disagreements": {"task": "assessments.tasks.sweep_summons", "schedule": 600.0},
    "sweep data to be released": {"task": "assessments.tasks.sweep_bundles", "schedule": 60.0},
    "make waiting nameless copies": {"task": "products.tasks.make_copies", "schedule": 60.0},
    "sweep certificates": {"task": "products.tasks.sweep_certificates", "schedule": 60.0},
    "call to renew marks": {"task": "products.tasks.call_to_renew", "schedule": 3600.0},
    "make waiting copies of programmes": {"task": "assessments.tasks.make_programme_copies", "schedule": 60.0},
    "sweep drafts of panels": {"task": "assessments.tasks.sweep_panels", "schedule": 30.0},
    "keep the dates of rounds": {"task": "assessments.tasks.keep_time", "schedule": 60.0},
    "remind of what is owed": {"task": "assessments.tasks.remind", "schedule": 600.0},
    "look for replacements": {"task": "assessments.tasks.sweep_replacements", "schedule": 300.0},
    "remind of actions": {"task": "secretariat.tasks.remind_of_actions", "schedule": 600.0},
    "put reviews of agreements on agendas": {"task": "secretariat.tasks.put_reviews", "schedule": 3600.0},
    "remind to sign minutes": {"task": "secretariat.tasks.remind_to_sign", "schedule": 600.0},
    "send waiting mail": {"task": "secretariat.tasks.send_mail", "schedule": 30.0},
    "heartbeat": {"task": "secretariat.tasks.heartbeat", "schedule": 15.0},
    "forget what has expired": {"task": "secretariat.tasks.forget_expired", "schedule": 3600.0},
}

# ------------------------------------------------------------------ language and time
LANGUAGE_CODE = "fa"
LANGUAGES = [("fa", "فارسی"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "Asia/Tehran"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = []
# Days of the week on which nobody works, Monday is 0: Friday. A setting, for the law is changing.
WORKING_WEEKEND = {int(day) for day in env_list("WORKING_WEEKEND", "4")}

# ------------------------------------------------------------------ files
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
_node = BASE_DIR / "node_modules"
_folders = {
    "": BASE_DIR / "assets",
    "vendor/bootstrap/css": _node / "bootstrap/dist/css",
    "vendor/vazirmatn": _node / "vazirmatn/fonts/webfonts",
    "vendor/jalali": _node / "@majidh1/jalalidatepicker/dist",
    "vendor/htmx": _node / "htmx.org/dist",
}
STATICFILES_DIRS = [(prefix, str(folder)) if prefix else str(folder) for prefix, folder in _folders.items() if folder.exists()]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Pictures, fonts and archives are compressed already; nobody but a developer fetches a source map.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["png", "jpg", "jpeg", "gif", "webp", "woff", "woff2", "gz", "br", "zip", "map"]
WHITENOISE_MANIFEST_STRICT = not DEBUG

PRIVATE_ROOT = Path(env("PRIVATE_ROOT", str(DATA_DIR / "private")))
_private = (
    {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": os.environ["S3_BUCKET"],
            "endpoint_url": os.environ.get("S3_ENDPOINT"),
            "default_acl": "private",
        },
    }
    if os.environ.get("S3_BUCKET")
    else {"BACKEND": "secretariat.storage.PrivateStorage", "OPTIONS": {"location": str(PRIVATE_ROOT)}}
)
STORAGES = {
    "default": _private,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or env("TESTING", "0") == "1"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
UPLOAD_MAX_BYTES = 50 * 1024 * 1024
UPLOAD_MAX_FILES = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3000

# ------------------------------------------------------------------ people and doors
AUTH_USER_MODEL = "secretariat.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "secretariat.sign_in.AnyNameBackend"]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "desk"
LOGOUT_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 2 * 60 * 60
OTP_TOTP_ISSUER = "Quality Secretariat"

# A stranger who guesses locks out only his own address for that account, never the person elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "secretariat.sign_in.locked_out"
AXES_USERNAME_CALLABLE = "secretariat.sign_in.name_for_lockout"
AXES_IPWARE_PROXY_COUNT = int(env("PROXY_COUNT", "0"))
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False

SESSION_COOKIE_AGE = 14 * 24 * 3600  # the absolute end
SESSION_IDLE_SECONDS = int(env("SESSION_IDLE_SECONDS", str(12 * 3600)))
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "secretariat.views.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "frame-src": [SELF],
    }
}

# ------------------------------------------------------------------ mail
EMAIL_BACKEND = env(
    "EMAIL_BACKEND",
    "django.core.mail.backends.filebased.EmailBackend"
    if not os.environ.get("EMAIL_HOST")
    else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_HOST = env("EMAIL_HOST", "")
EMAIL_PORT = int(env("EMAIL_PORT", "587"))
EMAIL_HOST_USER = env("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env("EMAIL_USE_TLS", "1") == "1"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "secretariat@localhost")

# ------------------------------------------------------------------ API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle", "rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": env("THROTTLE_ANON", "60/min"), "user": env("THROTTLE_USER", "240/min")},
    "NUM_PROXIES": int(env("PROXY_COUNT", "0")),
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "secretariat.api.refusals",
    "DEFAULT_VERSIONING_CLASS": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Quality secretariat API",
    "DESCRIPTION": "Submit and follow products, read published indicator sets and granted marks, verify a mark.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "secretariat.api.tell_refusals"],
    "ENUM_NAME_OVERRIDES": {
        "ProductStatus": "products.rules.ProductStatus",
        "MarkStatus": "products.rules.MarkStatus",
        "VersionStatus": "assessments.rules.VersionStatus",
    },
}


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", "INFO")},
    "loggers": {"axes": {"level": "WARNING"}},  # four lines for every ordinary sign-in
}

# Neither what was posted nor what functions held goes along with an error: a vote, a rating, a password could stand there.
SENTRY: dict[str, Any] = {"send_default_pii": False, "max_request_body_size": "never", "include_local_variables": False}
if os.environ.get("SENTRY_DSN"):
    import sentry_sdk

    sentry_sdk.init(dsn=os.environ["SENTRY_DSN"], **SENTRY)

# Every change of an important row is an event written by a trigger, and events are never touched again.
PGHISTORY_APPEND_ONLY = True

SITE_NAME = _("Secretariat for the Quality of Cultural Products")
