# The service. Built from the same pinned, hashed requirements as a clone; runs as a user without rights.
FROM python:3.11-slim AS build
WORKDIR /source
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /tieout \
    && /tieout/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        -r requirements/runtime.txt -r requirements/build.txt
COPY . .
RUN /tieout/bin/pip install --no-cache-dir --no-deps --no-build-isolation --no-index .

FROM python:3.11-slim
COPY --from=build /tieout /tieout
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin tieout
USER tieout
WORKDIR /
EXPOSE 8000
ENTRYPOINT ["/tieout/bin/tieout"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
