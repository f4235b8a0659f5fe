import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Takes an hour; whoever wants it says for how long.
    exclude: process.env['SOAK_SECONDS'] === undefined ? ['test/soak/**'] : [],
    // Most of a test is waiting for processes, so a second worker helps on two cores as well.
    maxWorkers: 3,
    testTimeout: process.env['LONG'] === '1' ? 3_600_000 : 20_000,
    hookTimeout: 20_000,
  },
});
export default config;
