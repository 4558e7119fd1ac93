# This image has not been built where the file was written. Please report what does not work.
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/tingfeng && /opt/tingfeng/bin/pip install --no-cache-dir .

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 tingfeng
COPY --from=build /opt/tingfeng /opt/tingfeng
USER tingfeng
WORKDIR /home/tingfeng
# The configuration and what it names is mounted here; SQLite's file belongs on a volume.
VOLUME /home/tingfeng/brand
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
ENTRYPOINT ["/opt/tingfeng/bin/tingfeng"]
CMD ["serve", "--config", "/home/tingfeng/brand/tingfeng.toml"]
