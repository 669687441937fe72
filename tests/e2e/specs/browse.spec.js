import { accessibility, expect, layoutShift, PROJECT, shot, test } from '../lib/site.js';

const name = PROJECT.split('/')[1];

test('the main page shows projects, and nothing moves while it loads', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Taste any open source');
  await expect(page.getByRole('heading', { name: 'Trending' })).toBeVisible();
  await expect(page.getByRole('heading', { name, exact: true }).first()).toBeVisible();
  await page.waitForLoadState('networkidle');
  await page.evaluate(() => document.fonts.ready);
  expect(await layoutShift(page)).toBeLessThan(0.02);
  await shot(page, 'main', { fullPage: true });
});

test('search finds a project, from anywhere with a slash', async ({ page }) => {
  await page.goto('/');
  const box = page.getByRole('combobox', { name: 'Search projects' });
  await expect(box).toBeVisible();
  await page.keyboard.press('/');
  await expect(box).toBeFocused();
  await page.keyboard.type(name);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/projects\\?q=${name}`));
  await expect(page.getByRole('article')).toHaveCount(1);
  await expect(page.getByRole('article')).toContainText(name);
  await page.getByRole('searchbox').fill('no such thing at all');
  await expect(page.getByText('Nothing matches “no such thing at all”.')).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/\/$/);
});

test('the list is sorted and filtered by its address', async ({ page }) => {
  await page.goto('/projects?sort=name');
  await expect(page.getByRole('article').first()).toBeVisible();
  const names = await page.getByRole('article').getByRole('heading').allTextContents();
  expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b, 'en')));
  await expect(page.getByRole('combobox', { name: 'Order' })).toHaveValue('name');
  const chip = page.getByRole('navigation', { name: 'Categories' }).getByRole('link').nth(1);
  await chip.click();
  await expect(page).toHaveURL(/category=/);
  await expect(chip).toHaveAttribute('aria-current', 'true');
  await shot(page, 'list');
});

test('a card leads to its project', async ({ page }) => {
  await page.goto(`/projects?q=${name}`);
  await page.getByRole('article').getByRole('link', { name, exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/p/${PROJECT}$`));
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  await expect(page.locator('.readme')).not.toBeEmpty();
  await expect(page.getByText('Licence', { exact: true })).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(await layoutShift(page)).toBeLessThan(0.02);
  await shot(page, 'project');
});

for (const path of ['/', '/projects', `/p/${PROJECT}`, '/me/containers', '/docs', '/about', '/no/such/page']) {
  for (const scheme of ['light', 'dark']) {
    test(`axe finds nothing serious on ${path} (${scheme})`, async ({ page }) => {
      page.allow(/status of 404/);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.goto(path);
      await expect(page.getByRole('heading').first()).toBeVisible();
      await page.waitForLoadState('networkidle');
      expect(await accessibility(page)).toEqual([]);
    });
  }
}

test('what does not exist is said kindly', async ({ page }) => {
  page.allow(/status of 404/);
  await page.goto('/p/taste/there-is-no-such-project');
  await expect(page.getByText('There is no such project.')).toBeVisible();
  await page.goto('/nowhere');
  await expect(page.getByRole('heading', { name: 'This page is not on the menu' })).toBeVisible();
});

test('the theme follows the system, and the switch wins and lasts', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page.getByRole('article').first()).toBeVisible();
  await shot(page, 'main-dark', { fullPage: true });
  await page.getByRole('button', { name: 'Use the light theme' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});

test('Korean by the switch, kept over a reload', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'ko' }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('맛보세요');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('맛보세요');
  await page.waitForLoadState('networkidle');
  await shot(page, 'main-korean', { fullPage: true });
});

test.describe('a Korean browser', () => {
  test.use({ locale: 'ko-KR' });
  test('is greeted in Korean, and axe finds nothing serious', async ({ page }) => {
    await page.goto('/projects');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('프로젝트');
    await expect(page.getByRole('article').first()).toBeVisible();
    expect(await accessibility(page)).toEqual([]);
  });
});

test.describe('a small phone', () => {
  test.use({ viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  for (const path of ['/', '/projects', `/p/${PROJECT}`, '/me/containers', '/docs']) {
    test(`${path} needs no sideways scrolling`, async ({ page }) => {
      await page.goto(path);
      await expect(page.getByRole('heading').first()).toBeVisible();
      await page.waitForLoadState('networkidle');
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
      await shot(page, `phone-320${path.replace(/\W+/g, '-')}`);
    });
  }
});
