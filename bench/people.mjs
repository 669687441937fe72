// Registers, signs out and signs in again COUNT (1000) people, one after the other, in a real browser through the pages, and says how
// long each step took from the press of the button to the page that shows it, and how many failed.
//   TTOB_URL=http://127.0.0.1:8080 node bench/people.mjs
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../tests/e2e/package.json', import.meta.url))('@playwright/test');
const site = process.env.TTOB_URL ?? 'http://127.0.0.1:8080';
const count = Number(process.env.COUNT ?? 1000);
const PASSWORD = 'tasty soup today';
const run = Date.now().toString(36);
const times = { register: [], 'sign in': [], 'sign out': [] };
const failures = [];

const browser = await chromium.launch({ executablePath: process.env.TTOB_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ baseURL: site, locale: 'en-US' });
page.setDefaultTimeout(20_000);
const complaints = [];
page.on('pageerror', (error) => complaints.push(String(error)));
page.on('response', (answer) => {
  if (answer.status() >= 400) complaints.push(`${answer.status()} ${answer.url()}`);
});

const menu = () => page.getByRole('button', { name: /^Menu of / });
const submit = () => page.locator('main form button[type="submit"]');
const fill = (name, value) => page.locator(`main form [name="${name}"]`).fill(value);

async function timed(step, work) {
  const start = performance.now();
  await work();
  times[step].push(performance.now() - start);
}

/** To the page by the links that people press, without loading everything anew. */
async function door(name) {
  await page.getByRole('banner').getByRole('link', { name: 'Sign in' }).click();
  if (name === 'register') await page.getByRole('link', { name: 'Make an account' }).click();
}

async function leave() {
  await menu().click();
  await timed('sign out', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('banner').getByRole('link', { name: 'Sign in' }).waitFor();
  });
}

async function one(n) {
  const username = `b-${run}-${n}`;
  await door('register');
  await fill('username', username);
  await fill('password', PASSWORD);
  await timed('register', async () => {
    await submit().click();
    await menu().waitFor();
  });
  await leave();
  await door('login');
  await fill('login', username);
  await fill('password', PASSWORD);
  await timed('sign in', async () => {
    await submit().click();
    await menu().waitFor();
  });
  await leave();
}

const start = performance.now();
await page.goto('/');
for (let n = 0; n < count; n++) {
  try {
    await one(n);
  } catch (error) {
    failures.push(`${n}: ${String(error).split('\n')[0]}`);
    await page.context().clearCookies();
    await page.goto('/');
  }
}
const seconds = (performance.now() - start) / 1000;
await browser.close();

const at = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]?.toFixed(0);
console.log(`${count} people in ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(2)} a second; failures: ${failures.length}; complaints: ${complaints.length}`);
console.log(`${'ms'.padEnd(12)}${['p50', 'p95', 'p99', 'max'].map((word) => word.padStart(8)).join('')}`);
for (const [step, list] of Object.entries(times)) {
  const sorted = list.sort((a, b) => a - b);
  console.log(`${step.padEnd(12)}${[0.5, 0.95, 0.99, 1].map((q) => at(sorted, q).padStart(8)).join('')}`);
}
for (const line of [...failures, ...complaints].slice(0, 10)) console.error(line);
process.exit(failures.length + complaints.length > 0 ? 1 : 0);
