// Subscribes with fetch and splits what it reads into lines: node node-fetch.mjs URL [SINCE]
const [url, since] = process.argv.slice(2);

function report(event) {
  const isKeepAlive = Object(event).stillalive !== undefined;
  (isKeepAlive ? process.stderr : process.stdout).write(`${JSON.stringify(event)}\n`);
}

const response = await fetch(url, { headers: since === undefined ? {} : { 'X-Fetch-Since': since } });
let pending = '';
for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (pending + text).split('\n');
  pending = lines.pop() ?? '';
  for (const line of lines) report(JSON.parse(line));
}
throw new Error('the stream ended');
