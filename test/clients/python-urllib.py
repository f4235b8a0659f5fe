"""Subscribes with urllib, line by line, and takes a blank line for the end, as gitwcsub does: python-urllib.py URL [SINCE]"""

import json
import sys
import urllib.request


def report(line):
    event = json.loads(line)
    is_keep_alive = isinstance(event, dict) and "stillalive" in event
    print(json.dumps(event), file=sys.stderr if is_keep_alive else sys.stdout, flush=True)


request = urllib.request.Request(sys.argv[1])
if len(sys.argv) > 2:
    request.add_header("X-Fetch-Since", sys.argv[2])
with urllib.request.urlopen(request, timeout=11) as response:
    while line := response.readline().strip():
        report(line)
sys.exit("the stream ended, or had a blank line")
