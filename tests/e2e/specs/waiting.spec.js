// Waiting and failing. A build needs a project that is not built yet (TTOB_E2E_BUILD=owner/name); the rest needs the
// pages' own mock server (TTOB_E2E_MOCK=1), which can be told to be full or broken.
import { accessibility, atPrompt, connected, expect, PROJECT, sees, shot, test, tryIt, type } from '../lib/site.js';

const build = process.env.TTOB_E2E_BUILD;
const mock = process.env.TTOB_E2E_MOCK === '1';

if (build) {
  test('a project that is not built shows its build and then starts by itself', async ({ page }) => {
    test.setTimeout(900_000);
    await page.goto(`/p/${build}`);
    await page.locator('.panel').getByRole('button', { name: /Watch it build|Build it again|Try/ }).click();
    await expect(page.getByRole('heading', { name: /^Preparing/ })).toBeVisible();
    await expect(page.getByRole('log')).toBeVisible();
    await expect(page.locator('.log .line').nth(2)).toBeVisible({ timeout: 300_000 });
    await shot(page, 'build');
    expect(await accessibility(page)).toEqual([]);
    await expect(page.locator('.panel')).toHaveAttribute('data-phase', 'running', { timeout: 800_000 });
    await atPrompt(page);
  });
}

if (mock) {
  const provoke = (page, what) => page.request.post(`/mock/${what}`);

  test('a full machine gives a place in line, then starts', async ({ page }) => {
    await provoke(page, 'full');
    await page.goto(`/p/${PROJECT}?try`);
    await expect(page.getByText('Every place is taken right now')).toBeVisible();
    await expect(page.getByText('2 before you.')).toBeVisible();
    await shot(page, 'queue');
    expect(await accessibility(page)).toEqual([]);
    await expect(page.getByText('You are next.')).toBeVisible();
    await atPrompt(page);
  });

  test('a project that could not be built says why, at once', async ({ page }) => {
    await page.goto('/p/taste/tomcat');
    await expect(page.getByRole('heading', { name: 'tomcat cannot be tried yet' })).toBeVisible();
    await expect(page.getByRole('log')).toContainText('Unable to locate package tomcat99');
    await shot(page, 'build-failed');
    expect(await accessibility(page)).toEqual([]);
  });

  test('an engine that is away is waited for', async ({ page }) => {
    page.allow(/status of 503/);
    await provoke(page, 'engine');
    await page.goto(`/p/${PROJECT}?try`);
    await expect(page.getByText('The part that runs sandboxes is being restarted.')).toBeVisible();
    await shot(page, 'engine-away');
    await atPrompt(page);
  });

  for (const [reason, text] of [
    ['idle', 'Nothing was typed for a while'], ['expired', 'Its time was up'], ['memory', 'It needed more memory'],
    ['replaced', 'You started another one'], ['failed', 'It broke on our side'],
  ]) {
    test(`ended: ${reason} is explained`, async ({ page }) => {
      await tryIt(page);
      await provoke(page, `end?reason=${reason}`);
      await expect(page.getByText(text)).toBeVisible();
      await expect(page.locator('.panel').getByRole('button', { name: 'Restart' })).toBeVisible();
    });
  }

  test('a connection cut without a word comes back', async ({ page }) => {
    await tryIt(page);
    await type(page, 'tick 12');
    await sees(page, /^tick-3$/);
    await provoke(page, 'drop');
    await sees(page, /^tick-12$/);
    await connected(page);
    for (let i = 1; i <= 12; i++) await sees(page, new RegExp(`^tick-${i}$`));
  });
}
