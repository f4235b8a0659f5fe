#!/usr/bin/env python3
"""Prints every event below a topic and misses none, with nothing but the standard library.

subscribe.py http://localhost:2069/json [cursor]
"""
import http.client
import json
import sys
import time
import urllib.error
import urllib.request


def subscribe(url, cursor=None):
    """Yields events for ever; after a lost connection it goes on from the cursor of the last line."""
    while True:
        headers = {"Accept": "application/x-ndjson"}
        if cursor:
            headers["X-Fetch-Since-Cursor"] = cursor
        try:
            # Keep-alives come every 5 seconds: a stream that is silent for 12 is dead.
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=12) as stream:
                for line in stream:
                    if not line.endswith(b"\n"):
                        break  # cut in the middle: it comes again
                    event = json.loads(line)
                    if "stillalive" not in event:
                        yield event
                    cursor = event["pubsub_cursor"]
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise  # the request is wrong, and stays so
        except (OSError, http.client.HTTPException):
            pass  # the broker is away, or the connection is lost
        time.sleep(1)


if __name__ == "__main__":
    for event in subscribe(*sys.argv[1:]):
        print(json.dumps(event), flush=True)
