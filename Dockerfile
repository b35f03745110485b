# The image of web, worker, beat and migrate; docker-compose.yml says which command each runs.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements/base.txt /requirements.txt
RUN /venv/bin/python -m pip install --require-hashes --only-binary :all: -r /requirements.txt

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=sla_portal.settings PORTAL_DATA_DIR=/data
RUN useradd --system --uid 10001 --no-create-home portal && install -d -o portal /data /data/media /data/beat
COPY --from=build /venv /venv
WORKDIR /portal
COPY . .
RUN python -m compileall -q . && SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --noinput
USER portal
EXPOSE 8000
CMD ["gunicorn", "sla_portal.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "4", "--threads", "4", "--preload", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", \
     "--access-logfile", "-"]
