"""Subscribes with requests and iter_content(None), and joins chunks until one ends in a line feed, as asfpy does:
python-requests-content.py URL [SINCE]
"""

import json
import sys

import requests


def report(event):
    is_keep_alive = isinstance(event, dict) and "stillalive" in event
    print(json.dumps(event), file=sys.stderr if is_keep_alive else sys.stdout, flush=True)


headers = {"User-Agent": "python/asfpy"}
if len(sys.argv) > 2:
    headers["X-Fetch-Since"] = sys.argv[2]
response = requests.get(sys.argv[1], headers=headers, timeout=30, stream=True)
response.raise_for_status()
body = ""
for chunk in response.iter_content(chunk_size=None):
    body += chunk.decode("utf-8", errors="ignore")
    if body[-1] == "\n":
        report(json.loads(body.rstrip("\r\n\x00")))
        body = ""
sys.exit("the stream ended")
