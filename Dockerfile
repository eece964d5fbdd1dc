# Two stages: the first installs the locked dependencies, the second runs the service as a user without rights.
#
# The base is a digest, so that the same file makes the same image. For the newest one, monthly:
#   docker buildx imagetools inspect python:3.13-slim-trixie --format '{{.Manifest.Digest}}'
ARG PYTHON=python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
FROM ${PYTHON} AS builder

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements/runtime.lock .
RUN python -m venv /venv \
    && /venv/bin/pip install --require-hashes --requirement runtime.lock
COPY service ./service
COPY examples/gradescope ./service/grading/folders/gradescope
COPY examples/prairielearn ./service/grading/folders/prairielearn
RUN /venv/bin/python -m compileall -q service

FROM ${PYTHON}

ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GRADIENT_VERDICT_HOST=0.0.0.0 \
    GRADIENT_VERDICT_DATABASE_URL=sqlite:////data/reports.sqlite3
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin verdict \
    && install --directory --owner=10001 --mode=0750 /data
COPY --from=builder /venv /venv
COPY --from=builder /build/service /app/service
WORKDIR /app
USER 10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-m", "service", "health"]
CMD ["python", "-m", "service", "serve"]
