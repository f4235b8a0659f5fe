// Subscribes with node:http and parses every 'data' event by itself, as many do: node node-each-data.mjs URL [SINCE]
import { get } from 'node:http';

const [url, since] = process.argv.slice(2);

function report(event) {
  const isKeepAlive = Object(event).stillalive !== undefined;
  (isKeepAlive ? process.stderr : process.stdout).write(`${JSON.stringify(event)}\n`);
}

get(url, { headers: since === undefined ? {} : { 'X-Fetch-Since': since } }, (response) => {
  response.on('data', (data) => report(JSON.parse(data)));
  response.on('end', () => {
    throw new Error('the stream ended');
  });
});
