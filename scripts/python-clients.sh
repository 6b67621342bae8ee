#!/usr/bin/env bash
# Lets boto3 and the AWS CLI, from PyPI, do a round trip through the embedded broker: it is for every SDK. An older
# boto3, the last that speaks the Query protocol to SQS, does the same. Celery runs its tasks over it.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV="$PWD/.tmp/python-clients"
if [ ! -e "$VENV/ready" ]; then
  rm -rf "$VENV"
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check boto3 awscli
  touch "$VENV/ready"
fi
OLDER="$PWD/.tmp/python-clients-query"
if [ ! -e "$OLDER/ready" ]; then
  rm -rf "$OLDER"
  python3 -m venv "$OLDER"
  "$OLDER/bin/pip" install --quiet --disable-pip-version-check boto3==1.28.80 botocore==1.31.80
  touch "$OLDER/ready"
fi
CELERY="$PWD/.tmp/python-clients-celery"
if [ ! -e "$CELERY/ready" ]; then
  rm -rf "$CELERY"
  python3 -m venv "$CELERY"
  "$CELERY/bin/pip" install --quiet --disable-pip-version-check celery boto3 pycurl
  touch "$CELERY/ready"
fi

log=$(mktemp)
node dist/libs/local-sns-sqs/esm/cli.js --port 0 >"$log" &
broker=$!
trap 'kill "$broker" 2>/dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 100); do
  if grep -q AWS_ENDPOINT_URL "$log"; then break; fi
  sleep 0.1
done
AWS_ENDPOINT_URL=$(sed -n 's/.*AWS_ENDPOINT_URL=//p' "$log")
export AWS_ENDPOINT_URL AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
export AWS_PAGER=''

"$VENV/bin/python" scripts/python-clients.py new
"$OLDER/bin/python" scripts/python-clients.py older
PYTHONDONTWRITEBYTECODE=1 "$CELERY/bin/python" -W ignore scripts/celery-client.py

# For SQS version 1, which PyPI has, does not read AWS_ENDPOINT_URL; version 2 does.
aws() { "$VENV/bin/aws" --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
url=$(aws sqs create-queue --queue-name cli --query QueueUrl --output text)
aws sqs send-message --queue-url "$url" --message-body 'from the CLI' >/dev/null
body=$(aws sqs receive-message --queue-url "$url" --query 'Messages[0].Body' --output text)
[ "$body" = 'from the CLI' ] || { echo "the AWS CLI received: $body" >&2; exit 1; }
topic=$(aws sns create-topic --name cli --query TopicArn --output text)
aws sns publish --topic-arn "$topic" --message hello --query MessageId --output text >/dev/null
echo 'the AWS CLI did its round trip'

# The commands that the documentation tells people to type.
node tools/follow-runbook.mjs --aws "$VENV/bin/aws"
