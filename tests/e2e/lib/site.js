// What every scenario needs: a page that is watched for complaints, and hands for the terminal.
import { expect, test as base } from '@playwright/test';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const SHOTS = fileURLToPath(new URL('../shots/', import.meta.url));
mkdirSync(SHOTS, { recursive: true });
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const PROJECT = process.env.TTOB_E2E_PROJECT ?? 'taste/figlet';
export const OTHER = process.env.TTOB_E2E_OTHER ?? '';

/** Runs in the page before its own scripts: collects layout shifts and violations of the content security policy. */
function watch() {
  window.watched = { cls: 0, csp: [] };
  document.addEventListener('securitypolicyviolation', (event) => window.watched.csp.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.watched.cls += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
}

/** Sandboxes and builds have networks of their own: the browser sees each come and go, and breaks off what it fetches just then. */
const WEATHER = /net::ERR_NETWORK_CHANGED/;

export const test = base.extend({
  /** Complaints of the browser that a scenario brings about on purpose, as patterns. */
  expected: [[], { option: true }],
  page: async ({ page, expected }, use) => {
    const complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.addInitScript(watch);
    page.allow = (pattern) => expected.push(pattern);
    await use(page);
    const csp = page.isClosed() ? [] : await page.evaluate(() => window.watched?.csp ?? []);
    expect(csp, 'content security policy').toEqual([]);
    expect(complaints.filter((text) => ![WEATHER, ...expected].some((pattern) => pattern.test(text))), 'console errors').toEqual([]);
    expected.length = 0;
    if (!page.isClosed()) await endAll(page);
  },
});
export { expect };

/** Ends this guest's sandbox, so that scenarios do not fill the machine. */
async function endAll(page) {
  await page.evaluate(async () => {
    const list = await (await fetch('/api/v1/sandboxes')).json();
    for (const item of list.items ?? []) if (item.state !== 'ended') await fetch(`/api/v1/sandboxes/${item.id}`, { method: 'DELETE' });
  }).catch(() => undefined);
}

export const shot = (page, name, options = {}) => page.screenshot({ path: `${SHOTS}${name}.png`, ...options });

/** The rows that the shell on show has on its screen. */
export const screen = (page) => page.locator('.view.active .xterm-rows');

export async function rows(page) {
  return page.locator('.view.active .xterm-rows > div').evaluateAll((items) => items.map((item) => item.textContent.replace(/\u00a0/g, ' ').trimEnd()));
}

/** All of the shell's text, wrapped lines and all. */
export const screenText = async (page) => (await rows(page)).join('\n');

export async function connected(page) {
  await expect(page.locator('.view.active')).toHaveAttribute('data-link', 'open');
}

/** Opens the project's page and presses Try. */
export async function tryIt(page, project = PROJECT) {
  await page.goto(`/p/${project}`);
  await page.locator('.panel').getByRole('button', { name: /^(Try|써 보기)$/ }).click();
  await atPrompt(page);
}

/** Waits until the shell has said something and listens. */
export async function atPrompt(page) {
  await connected(page);
  await expect.poll(() => screenText(page)).toMatch(/[$#%>] *$/m);
}

/** Types a line as fingers do. */
export async function type(page, line) {
  await page.locator('.view.active .xterm-helper-textarea').focus();
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** Waits for a whole row that matches. */
export async function sees(page, pattern) {
  await expect.poll(async () => (await rows(page)).some((row) => pattern.test(row)), { message: `a row like ${pattern}` }).toBe(true);
}

/** How many rows match. */
export async function countRows(page, pattern) {
  return (await rows(page)).filter((row) => pattern.test(row)).length;
}

/** Nothing fades in or slides any more; what turns for ever does not count. */
const settled = (page) =>
  page.evaluate(() => Promise.allSettled(document.getAnimations().filter((item) => Number.isFinite(item.effect?.getComputedTiming().endTime)).map((item) => item.finished)));

/** Serious and critical findings of axe-core. */
export async function accessibility(page) {
  await settled(page); // colours of what is half there are nobody's
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter((item) => item.impact === 'serious' || item.impact === 'critical')
    .map((item) => `${item.id}: ${item.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.failureSummary.split('\n')[1]?.trim()})`).join(' | ')}`);
}

export const layoutShift = (page) => page.evaluate(() => window.watched.cls);
