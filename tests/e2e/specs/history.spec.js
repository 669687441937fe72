import { call, comeBack, join } from '../lib/people.js';
import { accessibility, atPrompt, connected, expect, OTHER, PROJECT, shot, test, tryIt } from '../lib/site.js';

const name = PROJECT.split('/')[1];
const rows = (page) => page.locator('.row[id^="try-"]');

async function other(page) {
  return OTHER || (await page.request.get('/api/v1/projects?per_page=100').then((answer) => answer.json())).items.find((item) => item.state === 'ready' && item.full_name !== PROJECT)?.full_name;
}

/** Tries a project and ends it again, without the terminal. */
async function taste(page, project = PROJECT) {
  const answer = await call(page, 'POST', '/sandboxes?replace=1', { project });
  expect(answer.status(), await answer.text()).toBe(201);
  const { id } = await answer.json();
  expect((await call(page, 'DELETE', `/sandboxes/${id}`)).status()).toBe(204);
  return id;
}

test('the history says when, how long and how it ended; entries go, and come back by Undo', async ({ page }) => {
  await page.goto('/me/containers');
  await expect(page.getByText('No tries yet.')).toBeVisible();
  await taste(page);
  await taste(page);
  await page.reload();
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).first()).toContainText('ended by hand');
  await expect(rows(page).first()).toContainText(/ran \d+ sec/);
  await expect(page.getByText('Sign in to keep this history')).toBeVisible();
  await shot(page, 'history');
  expect(await accessibility(page)).toEqual([]);
  const remove = () => rows(page).first().getByRole('button', { name: `Remove ${name} from the history` });
  await remove().click();
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(page)).toHaveCount(2);
  await remove().focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Undo' })).toBeFocused();
  await page.getByRole('button', { name: 'Close this message' }).click();
  await expect.poll(async () => (await (await call(page, 'GET', '/sandboxes')).json()).total).toBe(1);
  await page.reload();
  await expect(rows(page)).toHaveCount(1);
});

test('an entry removed just before leaving stays removed', async ({ page }) => {
  await page.goto('/me/containers');
  await taste(page);
  await page.reload();
  await page.getByRole('button', { name: `Remove ${name} from the history` }).click();
  await expect(rows(page)).toHaveCount(0);
  await page.goto('/about');
  await expect.poll(async () => (await (await call(page, 'GET', '/sandboxes')).json()).total).toBe(0);
});

test('all of it is cleared after a question, and what runs stays', async ({ page }) => {
  await page.goto('/me/containers');
  await taste(page);
  await taste(page);
  await tryIt(page);
  await page.goto('/me/containers');
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('button', { name: 'Clear the history' }).click();
  const dialog = page.getByRole('dialog', { name: 'Clear the history?' });
  await expect(dialog).toContainText('2 ended tries');
  expect(await accessibility(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('button', { name: 'Clear the history' }).click();
  await dialog.getByRole('button', { name: 'Clear it' }).click();
  await expect(page.getByText('Your history is empty now.')).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Open', exact: true })).toBeVisible();
  await page.getByRole('link', { name: 'Open', exact: true }).click();
  await atPrompt(page);
});

test('an account’s sandbox is met from another browser: asked about, joined, ended', async ({ page, browser }) => {
  const second = await other(page);
  test.skip(!second, 'only one project is ready here');
  const username = await join(page);
  await tryIt(page);
  const elsewhere = await browser.newContext({ baseURL: new URL(page.url()).origin, locale: 'en-US' });
  const there = await elsewhere.newPage();
  await there.goto('/about');
  await comeBack(there, username);
  await there.goto('/me/containers');
  await expect(there.getByText('Yours, in every browser you sign in with.')).toBeVisible();
  await expect(there.getByRole('link', { name: 'Open', exact: true })).toBeVisible();
  await there.goto(`/p/${second}`);
  await there.locator('.panel').getByRole('button', { name: 'Try', exact: true }).click();
  const dialog = there.getByRole('dialog');
  await expect(dialog).toContainText(`${name} is still running`);
  await expect(dialog).toContainText('another tab or browser');
  await shot(there, 'busy-elsewhere');
  expect(await accessibility(there)).toEqual([]);
  await dialog.getByRole('link', { name: `Back to ${name}` }).click();
  await connected(there);
  await there.goto(`/p/${second}`);
  await there.locator('.panel').getByRole('button', { name: 'Try', exact: true }).click();
  await there.getByRole('dialog').getByRole('button', { name: /^End it and try/ }).click();
  await connected(there);
  await expect(page.getByText('You started another one')).toBeVisible();
  await elsewhere.close();
});

test('two tabs of one browser know of each other', async ({ page, context }) => {
  const second = await other(page);
  test.skip(!second, 'only one project is ready here');
  const tab = await context.newPage();
  await page.goto('/me/containers');
  await expect(page.getByText('Nothing is running.')).toBeVisible();
  await tryIt(tab);
  await expect(page.getByRole('link', { name: 'Open', exact: true })).toBeVisible();
  await page.goto(`/p/${second}`);
  await page.locator('.panel').getByRole('button', { name: 'Try', exact: true }).click();
  await expect(page.getByRole('dialog')).toContainText(`${name} is still running`);
  await tab.getByRole('button', { name: 'End', exact: true }).click();
  await expect(tab.getByText('It was ended by hand.')).toBeVisible();
  // Nothing stands in the way any more: the question goes, and it starts.
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await atPrompt(page);
  await tab.close();
});

for (const [locale, scheme] of [['en-US', 'dark'], ['ko-KR', 'light'], ['ko-KR', 'dark']]) {
  test.describe(`${locale}, ${scheme}`, () => {
    test.use({ locale, viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true });
    test('the history fits a small phone, and axe finds nothing serious', async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.goto('/me/containers');
      await taste(page);
      await page.reload();
      await expect(rows(page)).toHaveCount(1);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
      expect(await accessibility(page)).toEqual([]);
      await shot(page, `history-${locale}-${scheme}`);
    });
  });
}
