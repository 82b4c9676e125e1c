# The production image: web server, worker, scheduler and the migrate step are this image with another command.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    CHILDWELFARE_ENV=production \
    CHILDWELFARE_HOME=/data \
    CHILDWELFARE_STATIC=/app/collected

WORKDIR /app
COPY requirements/base.lock requirements/base.lock
RUN pip install --require-hashes --requirement requirements/base.lock

RUN useradd --uid 10001 --home-dir /data --create-home childwelfare
COPY . .
RUN python manage.py build_assets

USER childwelfare
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "childwelfare.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "4", "--timeout", "120", "--preload", "--no-control-socket"]
