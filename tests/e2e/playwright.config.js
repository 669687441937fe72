import { defineConfig } from '@playwright/test';

// Against a running platform (TTOB_URL) that has taste/figlet ready. Workers: each test is its own guest.
export default defineConfig({
  testDir: 'specs',
  outputDir: 'test-results',
  workers: Number(process.env.TTOB_E2E_WORKERS ?? 1),
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  forbidOnly: true,
  use: {
    baseURL: process.env.TTOB_URL ?? 'http://127.0.0.1:8080',
    locale: 'en-US',
    viewport: { width: 1280, height: 800 },
    trace: 'off',
    launchOptions: {
      executablePath: process.env.TTOB_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync',
      ],
    },
  },
});
