"""Subscribes with requests and iter_lines(), as its documentation shows: python-requests-lines.py URL [SINCE]"""

import json
import sys

import requests


def report(event):
    is_keep_alive = isinstance(event, dict) and "stillalive" in event
    print(json.dumps(event), file=sys.stderr if is_keep_alive else sys.stdout, flush=True)


headers = {"X-Fetch-Since": sys.argv[2]} if len(sys.argv) > 2 else {}
response = requests.get(sys.argv[1], headers=headers, timeout=11, stream=True)
response.raise_for_status()
for line in response.iter_lines():
    if line:
        report(json.loads(line))
sys.exit("the stream ended")
