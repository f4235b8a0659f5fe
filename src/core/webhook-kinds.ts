// The names of the kinds of webhooks.

/** Whose webhooks are understood; `gitea` is Forgejo's, too. */
export const WEBHOOK_KIND_NAMES = ['github', 'gitlab', 'gitea', 'bitbucket-server'] as const;

/** One of {@link WEBHOOK_KIND_NAMES}. */
export type WebhookKindName = (typeof WEBHOOK_KIND_NAMES)[number];
