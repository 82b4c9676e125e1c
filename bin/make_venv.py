"""Prepare .venv with the locked packages: ``make_venv.py run|dev|bench``. Standard library only.

What is installed is remembered by the lock file's hash, so the next call takes no time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MARK = VENV / "installed.json"
# Each kind includes those before it.
NEEDED_BYTES = {"run": 600 * 1024 * 1024, "dev": 900 * 1024 * 1024, "bench": 1200 * 1024 * 1024}


class Failed(Exception):
    """One line for the person who waits."""


def lock_hash(kind: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / f"{kind}.lock").read_bytes()).hexdigest()


def installed() -> dict[str, str]:
    """Lock hashes by kind that the virtual environment satisfies; empty when it does not work."""
    try:
        marks: dict[str, str] = json.loads(MARK.read_text(encoding="utf-8"))
        subprocess.run([PYTHON, "-c", ""], check=True, capture_output=True)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return {}
    return marks


def create() -> None:
    if VENV.exists():
        working = PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True)
        if working and working.returncode == 0:
            return
        shutil.rmtree(VENV)
    done = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True)
    if done.returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    said = done.stdout + done.stderr
    if "ensurepip" in said:
        short = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise Failed(
            f"Python's venv module is missing: install it (Debian: apt-get install python{short}-venv)."
        )
    raise Failed(f"The virtual environment cannot be made: {last_line(said)}")


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "ERROR" in line or "error:" in line.lower() or "No space left" in line]
    return (told or lines or ["no message"])[-1]


def install(kind: str) -> None:
    lock = ROOT / "requirements" / f"{kind}.lock"
    command = [PYTHON, "-m", "pip", "install", "--require-hashes", "--disable-pip-version-check"]
    command += ["--no-input", "--quiet", "--requirement", lock]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return
    said = done.stdout + done.stderr
    if "No space left" in said:
        raise Failed(f"The disk of {ROOT} is full: the packages need {NEEDED_BYTES[kind] >> 20} MB.")
    if "gcc" in said or "Microsoft Visual C++" in said or "Failed building wheel" in said:
        raise Failed(
            f"A package has no build for this machine and there is no compiler for it: {last_line(said)}"
        )
    raise Failed(f"The packages of requirements/{kind}.lock cannot be installed: {last_line(said)}")


def prepare(kind: str) -> None:
    wanted = lock_hash(kind)
    if installed().get(kind) == wanted:
        return
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES[kind]:
        raise Failed(f"The disk of {ROOT} is full: {free >> 20} of {NEEDED_BYTES[kind] >> 20} MB are free.")
    sys.stderr.write("Installing the locked packages into .venv (once, about a minute) ...\n")
    create()
    MARK.unlink(missing_ok=True)
    install(kind)
    # A change of what this kind includes makes the larger lists unsure.
    kinds = list(NEEDED_BYTES)
    marks = {each: lock_hash(each) for each in kinds[: kinds.index(kind) + 1]}
    MARK.write_text(json.dumps(marks), encoding="utf-8")


def main() -> int:
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    if kind not in NEEDED_BYTES:
        sys.stderr.write("usage: make_venv.py run|dev|bench\n")
        return 2
    try:
        with open(ROOT / ".venv.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            prepare(kind)
    except Failed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"Cannot prepare {VENV}: {os.strerror(error.errno or 0)} ({error.filename}).\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
