# edgarchive in a container: docs/howto/nightly-mirror.md, "In a container".
#   docker build --tag edgarchive .
# With other engines than Whoosh: docker build --build-arg EXTRAS=tantivy,opensearch --tag edgarchive .

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
ARG EXTRAS=""
WORKDIR /source
COPY pyproject.toml requirements.lock requirements-dev.lock ./
COPY scripts/_locked scripts/_locked
# What builds the package stays in the builder; the packages of its extras come by hash too, in their locked versions.
RUN python scripts/_locked build > build.lock \
 && python scripts/_locked "$EXTRAS" > extras.lock \
 && cat requirements.lock >> extras.lock
RUN python -m pip install --no-cache-dir --no-deps --require-hashes --requirement build.lock \
 && python -m venv /opt/edgarchive \
 && /opt/edgarchive/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement extras.lock
COPY README.md LICENSE ./
COPY config config
COPY docs docs
COPY archiver archiver
COPY indexer indexer
COPY edgarchive edgarchive
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir wheel . \
 && /opt/edgarchive/bin/pip install --no-cache-dir --no-deps --no-index wheel/*.whl \
 && /opt/edgarchive/bin/pip check

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
COPY --from=build /opt/edgarchive /opt/edgarchive
ENV PATH=/opt/edgarchive/bin:$PATH \
    EDGARCHIVE_ROOT=/archive \
    MALLOC_ARENA_MAX=2
RUN install --directory --owner=1000 --group=1000 /archive
VOLUME /archive
USER 1000:1000
ENTRYPOINT ["edgarchive"]
CMD ["--help"]
