#!/usr/bin/env bash
# Builds the broker's image and asks it, from inside and from outside, whether it is well. With Docker where there is
# an engine, else with buildah (Debian has it), which needs none. Where no registry of images can be reached,
# STAND_IN=1 builds on this machine's Node and its libraries in the place of `node:24-alpine`.
set -euo pipefail
cd "$(dirname "$0")/.."
npm run build:broker --silent
context=dist/libs/local-sns-sqs
port=4566
work=$(mktemp -d)
log=$work/broker.log

cleanup() {
  if [ -n "${broker:-}" ]; then kill "$broker" 2>/dev/null || true; fi
  if [ -n "${container:-}" ]; then "$engine" rm -f "$container" >/dev/null 2>&1 || "$engine" rm "$container" >/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

# A tree with a shell, Node, what Node links to, and the user `node`.
stand_in() {
  local root=$work/root node
  node=$(npm exec --no -- node -p process.execPath)
  mkdir -p "$root"/{bin,etc,tmp,usr/local/bin}
  cp -L "$node" "$root/usr/local/bin/node"
  cp -L "$(command -v dash || command -v sh)" "$root/bin/sh"
  for library in $(ldd "$node" /bin/sh | grep -o '/[^ :]*' | sort -u); do
    [ ! -f "$library" ] || { mkdir -p "$root$(dirname "$library")" && cp -Lf "$library" "$root$library"; }
  done
  echo 'node:x:1000:1000::/tmp:/bin/sh' > "$root/etc/passwd"
  echo 'node:x:1000:' > "$root/etc/group"
  printf 'FROM scratch\nCOPY root /\nENV PATH=/usr/local/bin:/bin\n' > "$work/Dockerfile"
  buildah bud --quiet -t docker.io/library/node:24-alpine "$work"
}

wait_for_health() {
  for _ in $(seq 60); do
    curl -sf "http://127.0.0.1:$port/health" && echo && return
    sleep 0.5
  done
  cat "$log" 2>/dev/null || true
  echo 'the broker in the container did not answer' >&2
  exit 1
}

health="fetch('http://127.0.0.1:$port/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"
if docker info >/dev/null 2>&1; then
  engine=docker
  docker build --quiet --tag local-sns-sqs "$context"
  container=$(docker run --detach --publish "$port:$port" local-sns-sqs)
  wait_for_health
  docker exec "$container" node -e "$health"
else
  engine=buildah
  command -v buildah >/dev/null || { echo 'needs Docker, or buildah: apt-get install --no-install-recommends buildah' >&2; exit 1; }
  export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
  [ -z "${STAND_IN:-}" ] || stand_in
  buildah bud --format docker --tag local-sns-sqs "$context"
  container=$(buildah from localhost/local-sns-sqs)
  buildah run "$container" -- node esm/cli.js --host 0.0.0.0 > "$log" 2>&1 &
  broker=$!
  wait_for_health
  buildah run "$container" -- node -e "$health"
fi
# In a network of containers the others call it by its name, and get queue URLs with that name.
curl -sf -H 'Host: broker:4566' -H 'X-Amz-Target: AmazonSQS.CreateQueue' -H 'Content-Type: application/x-amz-json-1.0' \
  -d '{"QueueName":"orders"}' "http://127.0.0.1:$port/" | grep -F '"QueueUrl":"http://broker:4566/000000000000/orders"'
echo "the image is well ($engine)"
