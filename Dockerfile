# One image for the workers and for one-shot commands such as `mainspring db upgrade`.
FROM python:3.13-slim@sha256:8d9d0b8bcf6506481eae4907c18f5e3e7902e629f5f6d684f9e7c32e85e3ddf0

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# The dependencies first, so that a change of the code does not install them again.
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --require-hashes -r requirements/runtime.txt

COPY . .
RUN pip install --no-deps --no-build-isolation -e . \
    && python -m compileall -q . \
    && useradd --system --uid 10001 --create-home mainspring \
    && install --directory --mode 0700 --owner mainspring --group mainspring var

USER mainspring

HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
    CMD ["python", "-m", "mainspring.config.health"]

CMD ["python", "worker.py"]
