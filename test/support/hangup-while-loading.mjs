// Loaded into a broker before all else: it gets SIGHUP while it loads the first of its settings.
import { register } from 'node:module';

const hook = `export function load(url, context, next) {
  if (url.endsWith('/config/serve-flags.js')) process.kill(process.pid, 'SIGHUP');
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
