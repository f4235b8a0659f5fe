// URLs of brokers as people write them: which are any, and what of them may be shown.

/** Whether it is a full URL that can be published to. */
export function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol);
}

/** The URL, or what was meant to be one, without user and password; anything else as it is. */
export function withoutCredentials(value: string): string {
  if (!isHttpUrl(value)) return value.startsWith('/') ? value : value.replace(/^(\w+:\/*)?.*@/s, '$1');
  const url = new URL(value);
  if (url.username === '' && url.password === '') return value;
  url.username = '';
  url.password = '';
  return url.href;
}

/** Says that a setting holds no URL. */
export function describeBadUrl(setting: string, value: string): string {
  const shown = JSON.stringify(withoutCredentials(value));
  return `${setting}: ${shown} is no URL; allowed are http://… and https://…`;
}
