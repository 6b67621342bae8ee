#!/usr/bin/env bash
# Lets the AWS SDKs for Go and Java do a round trip through the embedded broker: scripts/other-clients.sh [go] [java].
# Needs `go`, or a JDK 17 and `mvn`; what is missing is installed by apt where that is allowed. Run `npm run build:broker` first.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- go java

needs() {
  command -v "$1" >/dev/null && return
  local as=()
  [ "$(id -u)" = 0 ] || as=(sudo)
  "${as[@]}" apt-get update -qq
  "${as[@]}" apt-get install -y -qq --no-install-recommends "${@:2}"
}

log=$(mktemp)
node ../dist/libs/local-sns-sqs/esm/cli.js --port 0 >"$log" &
broker=$!
trap 'kill "$broker" 2>/dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 100); do
  if grep -q AWS_ENDPOINT_URL "$log"; then break; fi
  sleep 0.1
done
AWS_ENDPOINT_URL=$(sed -n 's/.*AWS_ENDPOINT_URL=//p' "$log")
export AWS_ENDPOINT_URL AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local

for client in "$@"; do
  case $client in
    go)
      needs go golang-go
      (cd go-client && go run .)
      ;;
    java)
      needs mvn maven default-jdk-headless
      (cd java-client && mvn -q -DskipTests package exec:java -Dexec.mainClass=RoundTrip -Dexec.cleanupDaemonThreads=false)
      ;;
    *)
      echo "there is no client $client: go, java" >&2
      exit 1
      ;;
  esac
done
