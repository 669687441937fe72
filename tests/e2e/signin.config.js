import usual from './playwright.config.js';

// Against a web process with two providers (TTOB_URL) and the provider itself (TTOB_PROVIDER): scripts/test-signin starts them.
export default { ...usual, testDir: 'signin', timeout: 60_000 };
