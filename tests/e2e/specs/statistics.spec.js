import { call, hasAdmin, join, signIn } from '../lib/people.js';
import { accessibility, expect, PROJECT, shot, test } from '../lib/site.js';

const name = PROJECT.split('/')[1];
const path = `/me/projects/${PROJECT}/statistics`;

test('figures are for the author only', async ({ page }) => {
  await page.goto(path);
  await expect(page.getByRole('link', { name: 'Sign in' }).last()).toHaveAttribute('href', `/login?return_to=${encodeURIComponent(path)}`);
  expect(await accessibility(page)).toEqual([]);
  page.allow(/status of 403/);
  await join(page);
  await page.reload();
  await expect(page.getByText('Only the author of a project sees its figures.')).toBeVisible();
});

test('my projects are listed, kindly when there are none', async ({ page }) => {
  await page.goto('/me/projects');
  await expect(page.getByRole('heading', { level: 1, name: 'My projects' })).toBeVisible();
  await join(page);
  await page.reload();
  await expect(page.getByText('You have not published anything yet.')).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
});

test.describe('with an administrator', () => {
  test.skip(!hasAdmin, 'TTOB_E2E_ADMIN is not set');

  test('totals, a chart under the site’s policy, a table, and the days one asks for', async ({ page }) => {
    await page.goto('/about');
    await signIn(page);
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1, name: `Statistics of ${name}` })).toBeVisible();
    const chart = page.locator('.chart canvas');
    await expect(chart).toBeVisible();
    const told = await (await call(page, 'GET', `/projects/${PROJECT}/statistics?days=30`)).json();
    expect(told.days).toHaveLength(30);
    const number = (value) => new Intl.NumberFormat('en').format(value);
    await expect(page.getByRole('button', { name: /^Tries/ })).toContainText(number(told.totals.tries));
    await page.getByRole('button', { name: /^Visitors/ }).click();
    await expect(page.getByRole('button', { name: /^Visitors/ })).toHaveAttribute('aria-pressed', 'true');
    await expect(page.getByRole('img', { name: /^Visitors per day/ })).toBeVisible();
    await page.locator('.chart .u-over').hover({ position: { x: 200, y: 100 } });
    await expect(page.locator('.told')).toContainText('Visitors');
    await shot(page, 'statistics');
    await page.getByText('Show the figures as a table').click();
    await expect(page.getByRole('row')).toHaveCount(32);
    const sum = told.days.reduce((all, day) => all + day.tries, 0);
    await expect(page.getByRole('row').last()).toContainText(number(sum));
    expect(await accessibility(page)).toEqual([]);
    await page.getByRole('button', { name: '7 days' }).click();
    await expect(page.getByRole('row')).toHaveCount(9);
    await page.getByRole('button', { name: '1 year' }).click();
    await expect(page.getByRole('row')).toHaveCount(367);
    const csv = page.getByRole('link', { name: 'Download as CSV' });
    await expect(csv).toHaveAttribute('href', `/api/v1/projects/${PROJECT}/statistics.csv?days=365`);
    const [download] = await Promise.all([page.waitForEvent('download'), csv.click()]);
    expect(download.suggestedFilename()).toMatch(/\.csv$/);
  });

  test('a try is counted', async ({ page }) => {
    await page.goto('/about');
    await signIn(page);
    const tries = async () => (await (await call(page, 'GET', `/projects/${PROJECT}/statistics?days=7`)).json()).totals.tries;
    const before = await tries();
    test.skip(process.env.TTOB_E2E_MOCK === '1', 'the mock counts nothing');
    const answer = await call(page, 'POST', '/sandboxes?replace=1', { project: PROJECT });
    await call(page, 'DELETE', `/sandboxes/${(await answer.json()).id}`);
    await expect.poll(tries).toBe(before + 1);
  });

  for (const [locale, scheme] of [['en-US', 'dark'], ['ko-KR', 'light'], ['ko-KR', 'dark']]) {
    test.describe(`${locale}, ${scheme}`, () => {
      test.use({ locale, viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true });
      test('figures fit a small phone, and axe finds nothing serious', async ({ page }) => {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        await page.goto('/about');
        await signIn(page);
        for (const where of [path, '/me/projects', '/me/likes']) {
          await page.goto(where);
          await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
          await page.waitForLoadState('networkidle');
          if (where === path) await expect(page.locator('.chart canvas')).toBeVisible();
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
          expect(await accessibility(page)).toEqual([]);
          await shot(page, `mine${where.replace(/\W+/g, '-')}-${locale}-${scheme}`);
        }
      });
    });
  }
});
