// What the world sees without an account: badges, what pages say about themselves, feeds, and the terminal in another site's frame.
import { createServer } from 'node:http';
import { call, hasAdmin, signIn } from '../lib/people.js';
import { expect, PROJECT, shot, test } from '../lib/site.js';

const name = PROJECT.split('/')[1];

/** Another site: pages of its own origin. */
async function otherSite(body) {
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html; charset=utf-8');
    answer.end(`<!doctype html><title>Another site</title>${body}`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://localhost:${server.address().port}`, close: () => server.close() };
}

for (const colorScheme of ['light', 'dark']) {
  test(`the badge is a picture on another site (${colorScheme})`, async ({ browser, baseURL }) => {
    const site = await otherSite(['', '?tries=1', '?theme=dark'].map((query) => `<p><img alt="try it" src="${baseURL}/badge/${PROJECT}.svg${query}"></p>`).join(''));
    const page = await browser.newPage({ colorScheme, deviceScaleFactor: 2, viewport: { width: 300, height: 160 } });
    await page.goto(site.origin);
    await page.waitForLoadState('networkidle');
    const sizes = await page.evaluate(() => [...document.images].map((image) => [image.naturalWidth, image.naturalHeight]));
    expect(sizes.map(([, height]) => height)).toEqual([20, 20, 20]);
    expect(sizes[1][0]).toBeGreaterThan(sizes[0][0]);
    await shot(page, `badge-${colorScheme}`);
    await page.close();
    site.close();
  });
}

test('a badge is asked for again, and says what cannot be tried', async ({ request }) => {
  const first = await request.get(`/badge/${PROJECT}.svg`);
  expect(first.status()).toBe(200);
  expect(first.headers()['content-type']).toBe('image/svg+xml; charset=utf-8');
  expect(first.headers()['cache-control']).toContain('no-cache');
  expect(first.headers()['set-cookie']).toBeUndefined();
  expect(await first.text()).toContain(`<title>${PROJECT}: try this on browser</title>`);
  const again = await request.get(`/badge/${PROJECT}.svg`, { headers: { 'if-none-match': first.headers().etag } });
  expect(again.status()).toBe(304);
  const none = await request.get('/badge/nobody/nothing.svg');
  expect(none.status()).toBe(404);
  expect(await none.text()).toContain('not found');
});

test('the first answer of a page says what it is about', async ({ page, request }) => {
  await page.goto(`/p/${PROJECT}`);
  await expect(page).toHaveTitle(new RegExp(`^${name} · trythisonbrowser`));
  const data = JSON.parse(await page.locator('script[type="application/ld+json"]').textContent());
  expect(data['@type']).toBe('SoftwareApplication');
  expect(data.name).toBe(name);
  const html = await (await request.get(`/p/${PROJECT}`, { headers: { 'accept-language': 'ko' } })).text();
  expect(html).toContain('<html lang="ko">');
  expect(html).toContain('property="og:title"');
  expect(html).toContain(`/p/${PROJECT}"`);
  const image = /property="og:image" content="([^"]+)"/.exec(html)[1];
  expect((await request.get(image)).headers()['content-type']).toBe('image/png');
  expect((await request.get('/p/nobody/nothing')).status()).toBe(404);
});

test('feeds are well-formed and lead here', async ({ page, request }) => {
  await page.goto('/');
  for (const path of ['/feed.xml', '/sitemap.xml']) {
    const text = await (await request.get(path)).text();
    const fault = await page.evaluate((xml) => new DOMParser().parseFromString(xml, 'application/xml').querySelector('parsererror')?.textContent ?? '', text);
    expect(fault, path).toBe('');
    expect(text).toContain(`/p/${PROJECT}`);
  }
  expect(await (await request.get('/robots.txt')).text()).toContain('Sitemap: http');
});

test('the terminal runs in the frame of a site that the author allows, for a guest without a cookie', async ({ browser, page, baseURL }) => {
  expect(hasAdmin, 'TTOB_E2E_ADMIN=name:password').toBe(true);
  const site = await otherSite(`<h1>Docs</h1><iframe title="${name}" src="${baseURL}/embed/${PROJECT}" width="720" height="420" allow="clipboard-write; fullscreen"></iframe>`);
  const stranger = await otherSite(`<iframe src="${baseURL}/embed/${PROJECT}"></iframe>`);
  await page.goto('/');
  await signIn(page);
  const saved = await call(page, 'PATCH', `/projects/${PROJECT}`, { embed_origins: [site.origin] });
  expect(saved.status(), await saved.text()).toBe(200);

  const context = await browser.newContext({ locale: 'en-US' });
  const outside = await context.newPage();
  const asked = [];
  const complaints = [];
  outside.on('request', (item) => asked.push(`${item.method()} ${new URL(item.url()).pathname}`));
  outside.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await outside.goto(site.origin);
  const frame = outside.frameLocator('iframe');
  const button = frame.locator('.panel').getByRole('button', { name: /^Try/ });
  await expect(button).toBeVisible();
  expect(asked.filter((item) => !item.startsWith('GET '))).toEqual([]);
  await button.click();
  await expect(frame.locator('.view.active')).toHaveAttribute('data-link', 'open');
  const rows = async () => (await frame.locator('.view.active .xterm-rows > div').allTextContents()).map((row) => row.replace(/\u00a0/g, ' ').trimEnd());
  await expect.poll(async () => (await rows()).join('\n')).toMatch(/[$#%>] *$/m);
  await frame.locator('.view.active .xterm-helper-textarea').focus();
  await outside.keyboard.type('echo fra""med');
  await outside.keyboard.press('Enter');
  await expect.poll(async () => (await rows()).includes('framed')).toBe(true);
  await shot(outside, 'embed');
  expect(await context.cookies()).toEqual([]);
  expect(complaints).toEqual([]);
  await frame.getByRole('button', { name: 'End', exact: true }).click();
  await expect(frame.locator('section.panel')).toHaveAttribute('data-phase', 'ended');

  await outside.goto(stranger.origin);
  await expect.poll(() => complaints.some((text) => /frame-ancestors/.test(text))).toBe(true);
  await expect(frame.locator('.panel')).toHaveCount(0);
  await context.close();
  await call(page, 'PATCH', `/projects/${PROJECT}`, { embed_origins: [] });
  site.close();
  stranger.close();
});
