# One image for web, worker, beat and the one-off commands; compose.yaml shows how they go together.

FROM node:24-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 \
    DATA_DIR=/srv/data
RUN useradd --system --uid 10001 --home-dir /srv/portal portal \
    && install -d -o portal /srv/portal /srv/data /srv/data/private /srv/data/mail
WORKDIR /srv/portal
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt
COPY . .
COPY --from=assets /build/node_modules node_modules
# The settings ask for these at import; nothing is contacted while building.
RUN export SECRET_KEY=build DATABASE_URL=postgres://build@localhost/build REDIS_URL=redis://localhost \
    && PYTHONPATH=script python -c "from stack import catalogue as c; [c.compile_room(room) for room in c.ROOMS]" \
    && python manage.py collectstatic --noinput -v0 \
    && chown -R portal /srv/data
USER portal
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "4", "--respawn-failed-workers", "--no-ws", "secretariat.wsgi:application"]
