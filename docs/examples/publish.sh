#!/bin/sh
# Publishes what comes in as one JSON value, until the broker has it: a repeat with the same key stores nothing twice.
#   echo '{"build":"ok"}' | publish.sh http://localhost:2069/json/ci
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
exec curl -sS --fail-with-body --retry 10 --retry-connrefused --retry-delay 1 \
  -H "Idempotency-Key: $key" --data-binary @- "$1"
