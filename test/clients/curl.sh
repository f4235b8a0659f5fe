#!/bin/sh
# Subscribes with curl, as people do from a terminal: sh curl.sh URL [SINCE]
# The contract of every client here: events go to stdout and keep-alives to stderr, each as a line of JSON.

if [ $# -gt 1 ]; then
  curl --silent --show-error --no-buffer --header "X-Fetch-Since: $2" "$1"
else
  curl --silent --show-error --no-buffer "$1"
fi | sed --unbuffered -e '/^{"stillalive"/{w /dev/stderr' -e 'd}'
