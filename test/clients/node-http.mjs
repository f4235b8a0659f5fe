// Subscribes with node:http and joins data until it ends in a line feed, as PyPubSub's client does: node node-http.mjs URL [SINCE]
import { get } from 'node:http';

const [url, since] = process.argv.slice(2);

function report(event) {
  const isKeepAlive = Object(event).stillalive !== undefined;
  (isKeepAlive ? process.stderr : process.stdout).write(`${JSON.stringify(event)}\n`);
}

get(url, { headers: since === undefined ? {} : { 'X-Fetch-Since': since } }, (response) => {
  let body = '';
  response.setEncoding('utf8');
  response.on('data', (data) => {
    body += data;
    if (!data.endsWith('\n')) return;
    report(JSON.parse(body));
    body = '';
  });
  response.on('end', () => {
    throw new Error('the stream ended');
  });
});
