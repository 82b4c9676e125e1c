"""What the process is told from outside: variables, secrets kept in files, and the data folder.

Every variable ``NAME`` may be given as ``NAME_FILE`` instead, the path of a file that holds the value, so
that secrets need not stand in the environment of a container.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


class SetupError(Exception):
    """Something outside the program is missing or wrong; the message is one line for the operator."""


def variable(name: str, default: str = "") -> str:
    """Value of ``name``, else the stripped content of the file named by ``name_FILE``, else ``default``.

    Raises SetupError when the named file cannot be read.
    """
    value = os.environ.get(name)
    if value is not None:
        return value
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return default
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{name}_FILE names a file that cannot be read: {error}") from error


def flag(name: str) -> bool:
    """Whether the variable is switched on (1, true, yes, on)."""
    return variable(name).strip().lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    """The variable as a whole number. Raises SetupError when it is something else."""
    text = variable(name).strip()
    if not text:
        return default
    try:
        return int(text)
    except ValueError as error:
        raise SetupError(f"{name} must be a whole number, not {text!r}.") from error


def is_production() -> bool:
    return variable("CHILDWELFARE_ENV").strip().lower() == "production"


def home() -> Path:
    """The data folder (absolute): CHILDWELFARE_HOME, else ``var`` beside the program."""
    given = variable("CHILDWELFARE_HOME")
    return Path(given).expanduser().absolute() if given else BASE_DIR / "var"


def short_hash(text: str) -> str:
    """Ten hexadecimal digits that stand for a path in names that must be short."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def secrets_dir() -> Path:
    """The folder of generated secrets, made private (0700) when it does not exist."""
    folder = home() / "secrets"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"Cannot create the data folder {folder}: {error.strerror}.") from error
    return folder


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, replacing it in one step."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(scratch, path)


def secret(name: str, make: Callable[[], str]) -> str:
    """Value of a secret: given from outside, else the one kept in the data folder, else made once and kept.

    In production nothing is made: an empty string comes back, and the start-up checks name what is missing.
    """
    given = variable(name)
    if given:
        return given
    kept = home() / "secrets" / name.lower()
    try:
        if kept.exists():
            return kept.read_text(encoding="utf-8").strip()
        if is_production():
            return ""
        secrets_dir()
        try:
            descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return kept.read_text(encoding="utf-8").strip()
        value = make()
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(value + "\n")
        return value
    except OSError as error:
        raise SetupError(f"Cannot keep the secret {name} in {kept}: {error.strerror}.") from error
