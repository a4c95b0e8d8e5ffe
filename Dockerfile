# edgarchive in a container: docs/howto/nightly-mirror.md, "In a container".
#   docker build --tag edgarchive .
# With other engines than Whoosh: docker build --build-arg EXTRAS=tantivy,opensearch --tag edgarchive .

FROM python:3.13-slim AS build
ARG EXTRAS=""
WORKDIR /source
COPY requirements.lock requirements-dev.lock ./
RUN python -m venv /opt/edgarchive \
 && /opt/edgarchive/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY archiver archiver
COPY indexer indexer
COPY edgarchive edgarchive
# The package itself has no hash to require; the packages of its extras come in their locked versions.
RUN sed '/--hash=/d; s/ \\$//' requirements-dev.lock > constraints.txt \
 && /opt/edgarchive/bin/pip install --no-cache-dir --constraint constraints.txt ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.13-slim
COPY --from=build /opt/edgarchive /opt/edgarchive
ENV PATH=/opt/edgarchive/bin:$PATH \
    EDGARCHIVE_ROOT=/archive
RUN install --directory --owner=1000 --group=1000 /archive
VOLUME /archive
USER 1000:1000
ENTRYPOINT ["edgarchive"]
CMD ["--help"]
