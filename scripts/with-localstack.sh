#!/usr/bin/env bash
# Runs a command beside LocalStack, with AWS_ENDPOINT_URL: in Docker where an engine is there, else on the host.
set -euo pipefail
cd "$(dirname "$0")/.."

export E2E_SERVER=localstack
if ! docker info >/dev/null 2>&1; then exec scripts/localstack-host.sh "$@"; fi

docker compose up --detach --wait localstack
trap 'docker compose rm --stop --force localstack' EXIT
AWS_ENDPOINT_URL=http://127.0.0.1:4566 "$@"
