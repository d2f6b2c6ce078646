# Two stages: the first builds, the second runs as an ordinary user and writes to /data only.
# Run with a read-only root: docker run --read-only --tmpfs /tmp -v statuspage:/data -v ./statuspage.yaml:/etc/statuspage.yaml:ro -p 8000:8000 statuspage
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock requirements.in pyproject.toml README.md LICENSE ./
RUN python3 -m venv /opt/statuspage && /opt/statuspage/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY statuspage statuspage
COPY broadcasters broadcasters
COPY templates templates
RUN /opt/statuspage/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps .

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 ca-certificates && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin statuspage && install -d -o 10001 -g 10001 /data
COPY --from=build /opt/statuspage /opt/statuspage
ENV PATH=/opt/statuspage/bin:/usr/bin:/bin STATUSPAGE_DATA=/data STATUSPAGE_CONFIG=/etc/statuspage.yaml PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["statuspage", "health"]
ENTRYPOINT ["statuspage"]
CMD ["up", "--host", "0.0.0.0"]
