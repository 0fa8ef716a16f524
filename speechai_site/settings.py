"""All settings, from the environment (`.env` is read too). See `.env.example`.

A bad value stops the start with one sentence. `X_FILE` names a file that holds the
secret X. Sandbox and live never share a database: see `SANDBOX` below.
"""

import json
import os
import secrets
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from dotenv import load_dotenv

from speechai_site.runtime import mongod
from speechai_site.translations import compile_stale

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(os.environ.get("ENV_FILE") or BASE_DIR / ".env")


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def env_number(name: str, default: float, low: float, high: float) -> float:
    text = env(name, str(default))
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise ImproperlyConfigured(
            f"{name} is {text!r}; give a number from {low:g} to {high:g}."
        )
    return number


def env_int(name: str, default: int, low: int, high: int) -> int:
    number = env_number(name, default, low, high)
    if number != int(number):
        raise ImproperlyConfigured(f"{name} is {number:g}; give a whole number.")
    return int(number)


def env_bool(name: str, *, default: bool) -> bool:
    text = env(name, str(default)).lower()
    if text not in {"true", "false", "1", "0"}:
        raise ImproperlyConfigured(f"{name} is {text!r}; give True or False.")
    return text in {"true", "1"}


def env_choice(name: str, default: str, choices: set[str]) -> str:
    text = env(name, default)
    if text not in choices:
        raise ImproperlyConfigured(
            f"{name} is {text!r}; give one of {', '.join(sorted(choices))}."
        )
    return text


def env_list(name: str, default: str) -> list[str]:
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


def env_secret(name: str) -> str:
    """The secret `name`, or the content of the file that `name_FILE` names."""
    path = env(f"{name}_FILE")
    if not path:
        return env(name)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE cannot be read: {error.strerror}."
        ) from error


def generated_secret(name: str) -> str:
    """A secret made once and kept in VAR_DIR with mode 0600."""
    path = VAR_DIR / name
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)  # atomic: the first of two starters wins
        except FileExistsError:
            pass
        draft.unlink()
    return path.read_text().strip()


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def running(key: str) -> str:
    """What the supervisor that runs on this VAR_DIR published under `key`."""
    try:
        return json.loads((VAR_DIR / "run.json").read_text()).get(key) or ""
    except (OSError, ValueError):
        return ""


VERSION = "0.1.0"
VAR_DIR = Path(env("VAR_DIR", str(BASE_DIR / "var"))).resolve()
DEBUG = env_bool("DEBUG", default=False)

# --- Retell, sandbox and live ------------------------------------------------------
RETELL_API_KEY = env_secret("RETELL_API_KEY")
RETELL_BASE_URL = env(
    "RETELL_BASE_URL",
    "https://api.retellai.com"
    if RETELL_API_KEY
    else running("simulator_url") or "http://127.0.0.1:9100",
).rstrip("/")
if urlsplit(RETELL_BASE_URL).scheme not in {"http", "https"}:
    raise ImproperlyConfigured("RETELL_BASE_URL must be an http(s) address.")
SANDBOX = is_loopback(RETELL_BASE_URL)
if SANDBOX:
    RETELL_API_KEY = RETELL_API_KEY or "key_sandbox"
elif not RETELL_API_KEY:
    raise ImproperlyConfigured("RETELL_BASE_URL needs RETELL_API_KEY beside it.")
RETELL_WEBHOOK_KEY = env_secret("RETELL_WEBHOOK_KEY") or RETELL_API_KEY
RETELL_AGENT_ID = env("RETELL_AGENT_ID")
RETELL_FROM_NUMBER = env("RETELL_FROM_NUMBER")
PUBLIC_URL = env("PUBLIC_URL", running("web_url") if SANDBOX else "").rstrip("/")
SANDBOX_POLICY = env_choice("SANDBOX_POLICY", "open", {"open", "law"})
SANDBOX_CLOCK_RATE = env_number("SANDBOX_CLOCK_RATE", 1, 0.001, 1_000_000)

# Seconds of wall time. They guard against double dialing: see calls/dialer.py.
RETELL_CONNECT_TIMEOUT = env_number("RETELL_CONNECT_TIMEOUT", 5, 0.1, 60)
RETELL_CREATE_TIMEOUT = env_number("RETELL_CREATE_TIMEOUT", 60, 0.1, 120)
RETELL_TIMEOUT = env_number("RETELL_TIMEOUT", 20, 0.1, 120)
RETELL_KEY_TTL = env_number("RETELL_KEY_TTL", 3600, 1, 3600)
RETELL_RESEND_UNTIL = env_number("RETELL_RESEND_UNTIL", 3300, 1, 3600)
POLL_AFTER = env_number("POLL_AFTER", 45, 0.1, 3600)
ANALYSIS_GRACE = env_number("ANALYSIS_GRACE", 1200, 0.1, 86400)
COST_LOOK_AFTER = env_number("COST_LOOK_AFTER", 900, 0.1, 86400)
OVERLONG_GRACE = env_number("OVERLONG_GRACE", 300, 1, 86400)
DIAL_LEASE = env_number("DIAL_LEASE", 10, 1, 600)
DIAL_THREADS = env_int("DIAL_THREADS", 50, 1, 200)
if RETELL_RESEND_UNTIL >= RETELL_KEY_TTL:
    raise ImproperlyConfigured(
        "RETELL_RESEND_UNTIL must be below RETELL_KEY_TTL: after that a resend rings."
    )

# --- secrets -----------------------------------------------------------------------
SECRET_KEY = env_secret("SECRET_KEY") or generated_secret("secret_key")
LOOKUP_KEY = env_secret("LOOKUP_KEY")
if SANDBOX and not LOOKUP_KEY:  # in live verify_environment asks for one
    LOOKUP_KEY = generated_secret("lookup_key")

# --- database ----------------------------------------------------------------------
MONGODB_URI = env_secret("MONGODB_URI") or mongod.known_uri(VAR_DIR / "mongo") or ""
MONGODB_NAME = env("MONGODB_NAME", "speechai") + ("_sandbox" if SANDBOX else "_live")
DATABASES = {
    "default": {
        "ENGINE": "speechai_site.runtime.mongo",
        # checks.E002 says what to do when there is none; port 1 refuses at once
        "HOST": MONGODB_URI or "mongodb://127.0.0.1:1/?directConnection=true",
        "NAME": MONGODB_NAME,
        "OPTIONS": {
            "tz_aware": False,
            "serverSelectionTimeoutMS": 10_000,
            "retryWrites": True,
            "maxPoolSize": 200,
        },
    }
}
DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
DATABASE_ROUTERS = ["django_mongodb_backend.routers.MongoRouter"]
MIGRATION_MODULES = {
    "admin": "speechai_site.mongo_migrations.admin",
    "auth": "speechai_site.mongo_migrations.auth",
    "contenttypes": "speechai_site.mongo_migrations.contenttypes",
    "django_q": "speechai_site.mongo_migrations.django_q",
}

# --- Django ------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "speechai_site.apps.MongoAdminConfig",
    "speechai_site.apps.MongoAuthConfig",
    "speechai_site.apps.MongoContentTypesConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "import_export",
    "ninja",  # its documentation page without a content delivery network
    "speechai_site.runtime.apps.RuntimeConfig",
    "speechai_site.apps.MongoDjangoQConfig",
    "batches.apps.BatchesConfig",
    "calls.apps.CallsConfig",
    "reports.apps.ReportsConfig",
    "speechai_site.apps.SpeechAIConfig",
]
MIDDLEWARE = [
    "speechai_site.middleware.webhooks_first",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "speechai_site.middleware.user_preferences",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "speechai_site.urls"
WSGI_APPLICATION = "speechai_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
AUTH_USER_MODEL = "runtime.User"
AUTHENTICATION_BACKENDS = ["speechai_site.runtime.passwords.LimitedBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL.startswith("https://") else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = env_choice("LANGUAGE_CODE", "es", {"es", "en"})
LANGUAGES = [("es", _("Spanish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
compile_stale(LOCALE_PATHS)  # here, since Django reads them while it loads models
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # date lookups of the backend need it; zones belong to people
DISPLAY_TIME_ZONE = env("DISPLAY_TIME_ZONE", "America/Santiago")

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "speechai_site" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # nothing to collect before the first page
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- uploads -----------------------------------------------------------------------
UPLOAD_MAX_BYTES = env_int("UPLOAD_MAX_BYTES", 50_000_000, 1_000, 1_000_000_000)
UPLOAD_MAX_ROWS = env_int("UPLOAD_MAX_ROWS", 300_000, 1, 1_048_576)
UPLOAD_MAX_COLUMNS = env_int("UPLOAD_MAX_COLUMNS", 300, 1, 16_384)
# without outside contacts for so many days, screens say that only our calls count
CONTACT_IMPORT_DAYS = env_int("CONTACT_IMPORT_DAYS", 7, 1, 366)
# to how many bytes, and how many times its own, a file may unpack: the XML of a workbook
# packs about 10 to 1, far beyond that it is a zip bomb
UPLOAD_MAX_UNPACKED_BYTES = env_int(
    "UPLOAD_MAX_UNPACKED_BYTES", 2_000_000_000, 10_000, 20_000_000_000
)
UPLOAD_MAX_EXPANSION = env_int("UPLOAD_MAX_EXPANSION", 40, 2, 1_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
IMPORT_EXPORT_USE_TRANSACTIONS = False  # they do nothing on MongoDB

# --- task queue --------------------------------------------------------------------
Q_WORKERS = env_int("Q_WORKERS", 2, 1, 64)
Q_CLUSTER = {
    "name": MONGODB_NAME,
    "broker_class": "speechai_site.runtime.broker.MongoBroker",
    "workers": Q_WORKERS,
    "timeout": 150,
    "retry": 600,
    "queue_limit": Q_WORKERS,
    "bulk": 1,
    "poll": 0.05,
    "recycle": 5000,
    "save_limit": -1,
    "ack_failures": True,
    "max_attempts": 1,
    "scheduler": False,
    "catch_up": False,
    "log_level": env("LOG_LEVEL", "INFO"),
}

# --- logs --------------------------------------------------------------------------
LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "%(asctime)s %(levelname)s %(name)s[%(process)d] %(message)s"
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # four lines a task at INFO
    "loggers": {"django-q": {"level": "WARNING" if LOG_LEVEL == "INFO" else LOG_LEVEL}},
}

UNFOLD = {
    "SITE_TITLE": "SpeechAI",
    "SITE_HEADER": "SpeechAI",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "speechai_site.admin.environment_badge",
    "DASHBOARD_CALLBACK": "reports.home.dashboard",
    "LOGIN": {"form": "speechai_site.runtime.passwords.LoginForm"},
    "SIDEBAR": {"navigation": "speechai_site.admin.navigation"},
}
