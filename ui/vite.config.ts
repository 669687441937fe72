import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { boot } from './build/boot.ts';
import { budget } from './build/budget.ts';
import { fonts } from './build/fonts.ts';
import { licences } from './build/licences.ts';
import { precompress } from './build/precompress.ts';

const server = process.env.TTOB_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [fonts(), svelte(), boot(), budget(), licences(), precompress()],
  build: {
    target: 'es2022',
    rollupOptions: { input: ['index.html', 'embed.html'] },
    // Everything is a file of this site: the CSP has no data: for scripts, styles or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      '/api': { target: server, ws: true, changeOrigin: false },
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'build/**/*.test.ts'],
    environment: 'node',
  },
});
