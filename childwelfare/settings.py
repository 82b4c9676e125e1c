"""Django settings. Everything that differs between installations is read from the environment."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from childwelfare import connections, environment
from childwelfare.navigation import START

BASE_DIR = environment.BASE_DIR
HOME = environment.home()
PRODUCTION = environment.is_production()

DEBUG = environment.flag("CHILDWELFARE_DEBUG")
SECRET_KEY = environment.secret("CHILDWELFARE_SECRET_KEY", lambda: secrets.token_urlsafe(48))
ALLOWED_HOSTS = [
    host.strip() for host in environment.variable("CHILDWELFARE_HOSTS", "*").split(",") if host.strip()
]
CSRF_TRUSTED_ORIGINS = [
    origin.strip()
    for origin in environment.variable("CHILDWELFARE_TRUSTED_ORIGINS").split(",")
    if origin.strip()
]


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


# Field encryption (staff.crypto): the key ring, newest first, and the key of the searchable digests.
CHILDWELFARE_KEYS = environment.secret("CHILDWELFARE_KEYS", lambda: f"k1:{_new_key()}")
CHILDWELFARE_INDEX_KEY = environment.secret("CHILDWELFARE_INDEX_KEY", _new_key)

INSTALLED_APPS = [
    "childwelfare.apps.ChildwelfareConfig",
    # Before our applications: their models are tracked by classes of pghistory.models.
    "pgtrigger",
    "pghistory",
    "staff.apps.StaffConfig",
    "cases",
    "referrals",
    "subsidies",
    "staff.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "guardian",
    "import_export",
    "django_htmx",
    "django_celery_beat",
]

MIDDLEWARE = [
    "childwelfare.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "childwelfare.security.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "staff.scope.ScopeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "childwelfare.urls"
WSGI_APPLICATION = "childwelfare.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "childwelfare.navigation.navigation",
            ],
        },
    },
]

# Fields look as templates/django/forms says, in every form.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database -------------------------------------------------------------------------------------------
# `default` is the restricted application role, `owner` the role that migrates the same database.
DATABASES: dict[str, dict[str, Any]] = connections.databases()
DATABASE_ROUTERS = ["childwelfare.router.OneDatabaseRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: cache, sessions, Celery ---------------------------------------------------------------------
REDIS_URL = connections.redis_url()
REDIS_PREFIX = environment.variable("CHILDWELFARE_REDIS_PREFIX", "childwelfare")

CACHES = {
    "default": {
        "BACKEND": "childwelfare.cache.PrefixedRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}:cache",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_IDLE_MINUTES = environment.number("CHILDWELFARE_IDLE_MINUTES", 30)
# Browsers do not keep the cookies of two ports apart: installations side by side need names of their own.
SESSION_COOKIE_NAME = "childwelfare_session" + ("" if PRODUCTION else f"_{environment.short_hash(str(HOME))}")

CELERY_BROKER_URL = connections.celery_url(REDIS_URL)
CELERY_RESULT_BACKEND = CELERY_BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A task that dies with its worker is handed out again after the visibility timeout (seconds) at the latest;
# the supervisor does it at once when it knows that no worker is left.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": environment.number("CHILDWELFARE_VISIBILITY_TIMEOUT", 30 * 60),
    "global_keyprefix": f"{REDIS_PREFIX}:celery:",
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"global_keyprefix": f"{REDIS_PREFIX}:celery:"}
CELERY_RESULT_EXPIRES = 24 * 60 * 60
# Progress and outcome are kept in the database (staff.jobs); waiting for results would hold a page for half a
# minute when Redis is away.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0.2, "interval_step": 0.3}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TRACK_STARTED = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULER = "childwelfare.scheduler:Scheduler"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "clear-expired-sessions": {
        "task": "childwelfare.tasks.clear_expired_sessions",
        "schedule": crontab(hour=3, minute=40),
    },
    "resume-jobs": {"task": "staff.jobs.resume_jobs", "schedule": crontab()},
    "withdraw-ended-assignments": {
        "task": "staff.tasks.withdraw_ended_assignments",
        "schedule": crontab(hour=0, minute=10),
    },
    "scan-defects": {
        "task": "cases.defects.tasks.scan_defects",
        "schedule": crontab(hour=0, minute=30),
    },
    "remind": {"task": "cases.reminders.tasks.remind", "schedule": crontab(hour=6, minute=40)},
    "open-reviews": {
        "task": "subsidies.reviews.tasks.open_reviews",
        "schedule": crontab(hour=1, minute=10),
    },
    "check-ledgers": {
        "task": "subsidies.ledger.tasks.check_ledgers",
        "schedule": crontab(hour=2, minute=20),
    },
    "forget-import-cells": {
        "task": "cases.importing.tasks.forget_cells",
        "schedule": crontab(hour=3, minute=55),
    },
    "start-monthly-runs": {"task": "cases.matching.tasks.start_monthly_runs", "schedule": crontab(minute=5)},
}

# --- Who may sign in ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
# Nobody is let in without an account, so django-guardian needs no anonymous user.
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 8},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "childwelfare.security.ThreeClassesValidator"},
]
LOGIN_URL = "staff:sign_in"
LOGIN_REDIRECT_URL = "/"
# Where "/" leads, by role; the director's home is "/" itself.
HOME_BY_ROLE = START
LOGOUT_REDIRECT_URL = "staff:sign_in"
# Function that names the accounts shown on the sign-in page of a demonstration; never in production.
DEMO_ACCOUNTS = "" if PRODUCTION else "childwelfare.installation.demo_accounts"

# --- Browser safety -------------------------------------------------------------------------------------
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = PRODUCTION
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = environment.number("CHILDWELFARE_HSTS_SECONDS", 0)
if environment.flag("CHILDWELFARE_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Language and time ----------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["childwelfare.formats"]

# --- Files ----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(environment.variable("CHILDWELFARE_STATIC") or HOME / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
# Kinds of lists of an office's own beside the packaged ones (cases/matching/kinds); empty for none.
LIST_KINDS_DIR = environment.variable("CHILDWELFARE_LIST_KINDS")
MEDIA_ROOT = HOME / "files"

# --- Web push ---------------------------------------------------------------------------------------------
# Empty: notes are read in the app alone, as in a network without a way out (docs/configuration.md).
PUSH_KEY = environment.variable("CHILDWELFARE_PUSH_KEY")
PUSH_CONTACT = environment.variable("CHILDWELFARE_PUSH_CONTACT")
# Push services that may be plain or private: those of the office's own network.
PUSH_TRUSTED_ORIGINS = [
    origin.strip()
    for origin in environment.variable("CHILDWELFARE_PUSH_TRUSTED_ORIGINS").split(",")
    if origin.strip()
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "childwelfare.static_files.StaticFiles"},
}
# Nothing that somebody uploads is put on disk before it is encrypted.
FILE_UPLOAD_HANDLERS = ["staff.uploads.InMemoryUploadHandler"]
UPLOAD_MOST_BYTES = 100 * 2**20
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# --- API ------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # First, so that a token is not asked for the CSRF value that a session needs.
        "staff.api_tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "childwelfare.api.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Childwelfare API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
}

# --- Logs -----------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.variable("CHILDWELFARE_LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
