# syntax=docker/dockerfile:1
# Three stages: front-end packages, Python packages, and a small image that runs as nobody special.

FROM node:20-bookworm-slim AS front
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund

FROM python:3.13-slim-bookworm AS packages
COPY requirements.lock /tmp/requirements.lock
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock
WORKDIR /src
COPY --from=front /src/node_modules node_modules
COPY deploy/vendor.py deploy/vendor.py
COPY package.json package.json
RUN python deploy/vendor.py

FROM python:3.13-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends \
      libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin machipika
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY alembic.ini pyproject.toml LICENSE ./
COPY server server
COPY geo geo
COPY templates templates
COPY static static
COPY --from=packages /src/static/vendor static/vendor
RUN mkdir -p var/files && chown -R machipika var \
 && printf '#!/bin/sh\nexec /opt/venv/bin/python -m server.cli "$@"\n' > /usr/local/bin/machipika \
 && chmod 755 /usr/local/bin/machipika
USER machipika
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:$PATH
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["machipika", "serve", "--host", "0.0.0.0"]
