#!/bin/sh
# Prints every event below a topic, one JSON object a line, and misses none: after a lost connection it goes on from the
# cursor of the last line.   subscribe.sh http://localhost:2069/json [cursor]
url=$1 cursor=$2
next=$(mktemp) && trap 'rm -f "$next"' EXIT
while :; do
  # --speed-*: a stream that is silent for 12 seconds is dead; keep-alives come every 5.
  curl -sfN -w '%{http_code}\n' --speed-limit 1 --speed-time 12 -H 'Accept: application/x-ndjson' \
    ${cursor:+-H "X-Fetch-Since-Cursor: $cursor"} "$url" |
    while IFS= read -r line; do
      case $line in
        408 | 429) ;;
        4??) echo "$url answers $line" >&2 && exit 1 ;; # and always will
      esac
      case $line in *'}') ;; *) break ;; esac # cut in the middle: it comes again
      case $line in '{"stillalive"'*) ;; *) printf '%s\n' "$line" ;; esac
      printf '%s\n' "$line" | sed 's/.*"pubsub_cursor":"\([^"]*\)"}$/\1/' >"$next"
    done || exit 1
  [ -s "$next" ] && cursor=$(cat "$next")
  sleep 1
done
