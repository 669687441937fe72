import { call, hasAdmin, signIn } from '../lib/people.js';
import { accessibility, expect, layoutShift, PROJECT, shot, test } from '../lib/site.js';

const name = PROJECT.split('/')[1];
const box = (page) => page.getByRole('combobox', { name: 'Search projects' });
const options = (page) => page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option');

/** Counts what the page asks for while something happens. */
function asked(page, pattern) {
  const urls = [];
  page.on('request', (request) => {
    if (pattern.test(request.url())) urls.push(decodeURIComponent(request.url()));
  });
  return urls;
}

test('suggestions come while one types, and the keyboard chooses', async ({ page }) => {
  await page.goto('/');
  await box(page).pressSequentially(name.slice(0, 4), { delay: 20 });
  await expect(options(page).first()).toBeVisible();
  await expect(box(page)).toHaveAttribute('aria-expanded', 'true');
  await expect(options(page).filter({ hasText: name }).first()).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await page.keyboard.press('ArrowDown');
  const first = options(page).first();
  await expect(first).toHaveAttribute('aria-selected', 'true');
  expect(await box(page).getAttribute('aria-activedescendant')).toBe(await first.getAttribute('id'));
  await shot(page, 'suggestions');
  await page.keyboard.press('ArrowUp');
  await expect(box(page)).not.toHaveAttribute('aria-activedescendant');
  // One more up is the last line, which searches everything.
  await page.keyboard.press('ArrowUp');
  await expect(options(page).last()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Escape');
  await expect(options(page)).toHaveCount(0);
  await expect(box(page)).toHaveValue(name.slice(0, 4));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/p/[^/]+/[^/]+$`));
});

test('Enter searches what was typed, whatever is suggested', async ({ page }) => {
  await page.goto('/');
  await box(page).pressSequentially(name);
  await expect(options(page).first()).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/projects\\?q=${name}$`));
  await expect(page.getByText(/projects? for/)).toContainText(name);
});

test('a pointer chooses, and leaving closes', async ({ page }) => {
  await page.goto('/');
  await box(page).pressSequentially(name);
  await options(page).first().click();
  await expect(page).toHaveURL(/\/p\//);
  await page.goto('/');
  await box(page).pressSequentially(name);
  await expect(options(page).first()).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(options(page)).toHaveCount(0);
});

test('a syllable that is being composed is not searched for, and none is lost', async ({ page, context }) => {
  await page.goto('/');
  await box(page).focus();
  const urls = asked(page, /\/suggest\?/);
  const cdp = await context.newCDPSession(page);
  const compose = (text) => cdp.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
  for (const text of ['ㄷ', '데', '뎅']) await compose(text);
  await page.waitForTimeout(400);
  expect(urls).toEqual([]);
  await compose('데');
  await cdp.send('Input.insertText', { text: '데' });
  for (const text of ['ㅇ', '이']) await compose(text);
  await cdp.send('Input.insertText', { text: '이' });
  await expect(box(page)).toHaveValue('데이');
  await expect.poll(() => urls.at(-1) ?? '').toContain('q=데이');
  expect(urls.join()).not.toMatch(/[ㄱ-ㅣ]/);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/projects\?q=/);
  expect(new URL(page.url()).searchParams.get('q')).toBe('데이');
});

test('fast typing asks once, and what was asked before is not asked again', async ({ page }) => {
  await page.goto('/');
  const urls = asked(page, /\/suggest\?/);
  await box(page).fill(name.slice(0, 2));
  await expect.poll(() => urls.length).toBe(1);
  await box(page).fill(name.slice(0, 3));
  await expect.poll(() => urls.length).toBe(2);
  await expect(options(page).first()).toBeVisible();
  await box(page).fill(name.slice(0, 2));
  await expect(options(page).first()).toBeVisible();
  await page.waitForTimeout(300);
  expect(urls).toHaveLength(2);
});

test('hostile words are only words', async ({ page }) => {
  await page.goto('/');
  for (const text of ['<img src=x onerror=alert(1)>', "' OR 1=1 --", '%', '"*', 'a'.repeat(200), '😀😀', '\\']) {
    await box(page).fill(text);
    await page.waitForTimeout(150);
  }
  await box(page).fill('<img src=x onerror=alert(1)>');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Nothing matches “<img src=x onerror=alert(1)>”.')).toBeVisible();
});

test('the list answers q, category, tag and owner, says how many, and helps when there is nothing', async ({ page }) => {
  const whole = await page.request.get(`/api/v1/projects/${PROJECT}`).then((answer) => answer.json());
  await page.goto(`/projects?tag=${encodeURIComponent(whole.tags[0])}`);
  await expect(page.getByRole('article').first()).toBeVisible();
  await expect(page.getByRole('link', { name: `Remove the filter “Tag: ${whole.tags[0]}”` })).toBeVisible();
  const found = await page.request.get(`/api/v1/projects?tag=${encodeURIComponent(whole.tags[0])}`).then((answer) => answer.json());
  await expect(page.locator('.count[aria-live]')).toHaveText(new RegExp(`^${found.total} project`));
  await page.getByRole('link', { name: /^Remove the filter/ }).click();
  await expect(page).toHaveURL(/\/projects$/);
  await page.goto('/projects?q=zzzzqqq&owner=nobody-at-all');
  await expect(page.getByText('Nothing matches “zzzzqqq”.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Meanwhile, what others taste' })).toBeVisible();
  await shot(page, 'list-empty');
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('link', { name: 'Search without filters' }).click();
  await expect(page).toHaveURL(/\/projects\?q=zzzzqqq$/);
  await page.getByRole('link', { name: 'Show all projects' }).click();
  await expect(page.getByRole('article').first()).toBeVisible();
});

test('the best match is the order of a search, and only of a search', async ({ page }) => {
  await page.goto(`/projects?q=${name}`);
  const order = page.getByRole('combobox', { name: 'Order' });
  await expect(order).toHaveValue('relevance');
  await expect(page.getByRole('article').first()).toContainText(name);
  await order.selectOption('name');
  await expect(page).toHaveURL(/sort=name/);
  await page.goto('/projects');
  await expect(order).toHaveValue('trending');
  await expect(order.locator('option[value=relevance]')).toHaveCount(0);
});

test('tags of a project lead to others with them', async ({ page }) => {
  await page.goto(`/p/${PROJECT}`);
  const tag = page.locator('.tags a').first();
  const text = await tag.textContent();
  await tag.click();
  await expect(page).toHaveURL(/\/projects\?tag=/);
  await expect(page.getByText(`Tag: ${text}`)).toBeVisible();
  await expect(page.getByRole('article').filter({ hasText: name }).first()).toBeVisible();
});

test('the main page has a feed, and nothing moves when all of it has come', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Categories' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(await layoutShift(page)).toBeLessThan(0.02);
  await expect(page.getByRole('link', { name: 'New projects as a feed (RSS)' })).toHaveAttribute('href', '/feed.xml');
  if (process.env.TTOB_E2E_MOCK !== '1') expect(await (await page.request.get('/feed.xml')).text()).toContain('<rss');
});

test('one banner on the main page: marked, counted once when seen, never beside a terminal', async ({ page }) => {
  test.skip(!hasAdmin, 'TTOB_E2E_ADMIN is not set');
  const mock = process.env.TTOB_E2E_MOCK === '1';
  await page.goto('/about');
  await signIn(page);
  const made = mock ? null : await (await call(page, 'POST', '/admin/banners', { text: 'Terminal night on Friday', text_ko: '금요일은 터미널의 밤', link: 'https://example.org/night', weight: 100, enabled: true })).json();
  const views = asked(page, /\/api\/v1\/banner\/[^/]+\/view$/);
  await page.goto('/');
  const banner = page.getByRole('complementary', { name: 'Advertisement' });
  await expect(banner).toHaveCount(1);
  expect(await layoutShift(page)).toBeLessThan(0.02);
  await banner.scrollIntoViewIfNeeded();
  await expect.poll(() => views.length).toBe(1);
  await page.evaluate(() => scrollTo(0, 0));
  await banner.scrollIntoViewIfNeeded();
  await page.waitForTimeout(300);
  expect(views).toHaveLength(1);
  const link = banner.getByRole('link');
  await expect(link).toHaveAttribute('rel', /sponsored/);
  await expect(link).toHaveAttribute('href', /^\/banner\/[^/]+\/go$/);
  await expect(link).toContainText('Ad');
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'banner');
  await page.goto(`/p/${PROJECT}`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.waitForLoadState('networkidle');
  await expect(banner).toHaveCount(0);
  if (!made) return;
  expect((await call(page, 'DELETE', `/admin/banners/${made.id}`)).status()).toBe(204);
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Categories' })).toBeVisible();
  await expect(banner).toHaveCount(0);
});

test.describe('Korean, on a small phone', () => {
  test.use({ locale: 'ko-KR', viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });
  test('suggestions fit', async ({ page }) => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto('/');
    await page.getByRole('combobox', { name: '프로젝트 검색' }).fill(name.slice(0, 3));
    await expect(page.getByRole('option').first()).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    expect(await accessibility(page)).toEqual([]);
    await shot(page, 'suggestions-korean');
  });
});
