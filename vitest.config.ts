import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/soak/**'],
    // Most of a test is waiting for processes, so a second worker helps on two cores as well.
    maxWorkers: 3,
    // Tests that are said to be concurrent wait for a clock of the broker's, most of them for the same.
    maxConcurrency: 10,
    testTimeout: process.env['LONG'] === '1' ? 3_600_000 : 20_000,
    hookTimeout: 20_000,
  },
});
export default config;
