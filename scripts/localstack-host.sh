#!/usr/bin/env bash
# Runs a command beside LocalStack 4.14.0 without Docker: `scripts/localstack-host.sh npm run test:e2e`.
# Installs it from PyPI into .tmp (kept for the next run), starts it on a free port of 127.0.0.1, gives the command
# AWS_ENDPOINT_URL, and stops it afterwards. Needs Python 3.13 or newer: its SNS and SQS use `warnings.deprecated`, which 3.12 has not.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=4.14.0
# Later releases of cbor2 and pyOpenSSL break this version ("No component plugins found").
NOT_NEWER_THAN=2026-03-10
VENV="$PWD/.tmp/localstack-$VERSION"
READY_WITHIN_SECONDS=60

find_python() {
  local candidate
  for candidate in python3.14 python3.13 python3 \
    "$HOME"/.pyenv/versions/3.1[3-9]*/bin/python3 /usr/local/bin/python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo 'LocalStack needs Python 3.13 or newer, and none is to be found (python3.13, python3.14, pyenv). Install one, or Docker.' >&2
  return 1
}

if [ ! -e "$VENV/ready" ]; then
  python=$(find_python)
  echo "installing LocalStack $VERSION with $("$python" --version)"
  rm -rf "$VENV"
  "$python" -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check uv
  "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --exclude-newer "$NOT_NEWER_THAN" \
    "localstack-core[runtime]==$VERSION"
  touch "$VENV/ready"
fi

work=$(mktemp -d)
port=$("$VENV/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export AWS_ENDPOINT_URL="http://127.0.0.1:$port"

# Queue URLs would carry a name that does not resolve offline without LOCALSTACK_HOST.
env SERVICES=sqs,sns,cloudformation,cloudwatch,iam GATEWAY_LISTEN="127.0.0.1:$port" LOCALSTACK_HOST="127.0.0.1:$port" DNS_ADDRESS=0 \
  DISABLE_EVENTS=1 SKIP_SSL_CERT_DOWNLOAD=1 FILESYSTEM_ROOT="$work/fs" \
  "$VENV/bin/python" -m localstack.runtime.main >"$work/log" 2>&1 &
server=$!

# What LocalStack itself lost or could not do explains a failure that nothing else does.
stop() {
  local status=$?
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    echo 'What LocalStack complained of:' >&2
    grep -nE 'Unable to forward|ERROR|Traceback|RuntimeError|[A-Za-z]+Exception' "$work/log" | cut -c1-300 | tail -40 >&2 || true
  fi
  rm -rf "$work"
}
trap stop EXIT

for ((tried = 0; ; tried++)); do
  if "$VENV/bin/python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' \
    "$AWS_ENDPOINT_URL/_localstack/health" 2>/dev/null; then break; fi
  if ! kill -0 "$server" 2>/dev/null || [ "$tried" -ge "$READY_WITHIN_SECONDS" ]; then
    echo 'LocalStack did not start; its last words:' >&2
    tail -30 "$work/log" >&2
    exit 1
  fi
  sleep 1
done
echo "LocalStack $VERSION at $AWS_ENDPOINT_URL"

"$@"
