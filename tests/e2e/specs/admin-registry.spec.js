// Everybody's builds and the registry, as administrators see them. Needs one: TTOB_E2E_ADMIN=name:password.
import { call, hasAdmin, join, signIn } from '../lib/people.js';
import { accessibility, expect, PROJECT, shot, test } from '../lib/site.js';

const mock = process.env.TTOB_E2E_MOCK === '1';
const row = (page, text) => page.getByRole('row').filter({ hasText: text });
const tile = (page, name) => page.locator('.tile').filter({ hasText: name });
const GB = 1024 ** 3;

async function admin(page, path) {
  await page.goto('/about');
  await signIn(page);
  await page.goto(`/admin/${path}`);
}

/** What the server says about the registry, changed. */
const pretend = (page, change) =>
  page.route('**/api/v1/admin/registry', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: change(await answer.json()) });
  });

const widthFits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);

test('others see neither', async ({ page }) => {
  page.allow(/status of 40[13]/);
  await join(page);
  for (const path of ['builds', 'registry']) {
    await page.goto(`/admin/${path}`);
    await expect(page.getByText('This page is for administrators')).toBeVisible();
    await expect(page.getByRole('table')).toHaveCount(0);
  }
  for (const path of ['/admin/builds', '/admin/registry', '/admin/registry/repositories']) expect((await call(page, 'GET', path)).status()).toBe(403);
  if (!mock) expect((await call(page, 'POST', '/admin/registry/gc', {})).status()).toBe(403);
});

if (hasAdmin) {
  test('builds of everybody are listed, filtered and searched', async ({ page }) => {
    await admin(page, 'builds');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Builds');
    const built = row(page, PROJECT).filter({ hasText: 'built' }).first();
    await expect(built).toBeVisible();
    expect(await accessibility(page)).toEqual([]);
    await shot(page, 'admin-builds');
    await page.getByLabel('State').selectOption('failed');
    await expect(page).toHaveURL(/state=failed/);
    await expect(row(page, 'built')).toHaveCount(0);
    await page.getByLabel('State').selectOption('');
    if (!mock) {
      await page.getByRole('searchbox', { name: 'Project or author' }).fill('no such thing');
      await expect(page.getByText('There are no such builds.')).toBeVisible();
      await page.getByRole('searchbox', { name: 'Project or author' }).fill(PROJECT.slice(2));
    }
    await expect(built).toBeVisible();
    await built.getByRole('link', { name: `Log of the build of ${PROJECT}` }).click();
    await expect(page).toHaveURL(/\/builds\//);
  });

  test('somebody else’s build is cancelled and tried again, and that is written down', async ({ page, context }) => {
    test.skip(mock, 'the mock builds for one person only');
    page.allow(/ERR_NETWORK_CHANGED/); // builds come and go with their networks, on the browser's own machine
    const other = await context.browser().newContext();
    const author = await other.newPage();
    const name = await join(author, 'cook');
    const project = {
      name: 'slow', summary: 'Takes its time', category: 'fun', license: 'MIT', smoke: 'true', source: { kind: 'dockerfile', dockerfile: 'FROM debian:bookworm\nRUN sleep 600\n' },
    };
    const answer = await call(author, 'POST', '/projects', project);
    expect(answer.status(), await answer.text()).toBe(202);
    const { id } = (await answer.json()).build;
    await expect.poll(async () => (await (await call(author, 'GET', `/builds/${id}`)).json()).stage).toBe('build');
    await admin(page, `builds?q=${name}`);
    const cancel = row(page, `${name}/slow`).getByRole('button', { name: `Cancel the build of ${name}/slow` });
    await cancel.click();
    const dialog = page.getByRole('dialog', { name: `Cancel the build of ${name}/slow?` });
    expect(await accessibility(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
    await expect(dialog).toBeHidden();
    await cancel.click();
    await dialog.getByRole('button', { name: `Cancel the build of ${name}/slow` }).click();
    await expect(row(page, `${name}/slow`)).toContainText('cancelled');
    await row(page, `${name}/slow`).getByRole('button', { name: `Build again: ${name}/slow` }).click();
    await expect(row(page, `${name}/slow`)).toHaveCount(2);
    await cancel.click();
    await dialog.getByRole('button', { name: `Cancel the build of ${name}/slow` }).click();
    await expect(cancel).toHaveCount(0);
    for (const action of ['build.cancel', 'build.retry']) {
      const audit = await (await call(page, 'GET', `/admin/audit?action=${action}`)).json();
      expect(audit.items.some((item) => item.actor !== name && item.target === `${name}/slow`), action).toBe(true);
    }
    await other.close();
  });

  test('the registry tells what is in it, and is cleaned', async ({ page }) => {
    await admin(page, 'registry');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Registry');
    await expect(tile(page, 'runs with the platform')).toContainText('up');
    await expect(tile(page, 'each layer counted once')).toContainText(/\d+(\.\d)? [KMG]B/);
    await expect(page.getByRole('img', { name: /^Bytes stored by day/ }).locator('canvas')).toBeVisible();
    await expect(row(page, PROJECT).getByRole('link', { name: PROJECT })).toHaveAttribute('href', `/p/${PROJECT}`);
    expect(await accessibility(page)).toEqual([]);
    await shot(page, 'admin-registry', { fullPage: true });
    await page.getByText('As a table').click();
    await expect(page.getByRole('region', { name: 'Growth' }).getByRole('rowheader').first()).toBeVisible();
    await page.getByRole('searchbox', { name: 'Name of a repository' }).fill('zzz');
    await expect(page.getByText('There are no such repositories.')).toBeVisible();
    await page.getByRole('searchbox', { name: 'Name of a repository' }).fill('figl');
    await expect(row(page, PROJECT)).toBeVisible();
    await page.getByRole('button', { name: 'Collect now' }).click();
    await expect(page.getByText('Garbage is being collected.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Collect now' })).toBeEnabled();
    await expect(page.getByText('never')).toHaveCount(0);
    if (!mock) {
      await page.goto('/admin/audit?action=registry.collect');
      await expect(page.getByRole('row').filter({ hasText: 'registry.collect' }).first()).toBeVisible();
    }
  });

  test('what goes wrong with the registry is told', async ({ page }) => {
    page.allow(/Failed to load resource/);
    await page.goto('/about');
    await signIn(page);
    await pretend(page, (now) => ({ ...now, disk: { free: 3 * GB, total: 100 * GB, low: true, full: false } }));
    await page.goto('/admin/registry');
    await expect(page.getByText('The disk of the registry gets full')).toBeVisible();
    await expect(page.getByText('3 GB of 100 GB are free.')).toBeVisible();
    await page.unroute('**/api/v1/admin/registry');
    await pretend(page, (now) => ({ ...now, disk: { free: GB / 4, total: 100 * GB, low: true, full: true } }));
    await expect(page.getByRole('alert')).toContainText('The disk of the registry is full: builds wait');
    expect(await accessibility(page)).toEqual([]);
    await page.unroute('**/api/v1/admin/registry');
    await pretend(page, (now) => ({ ...now, up: false, problem: 'cannot talk to the registry: connection refused' }));
    await expect(page.getByRole('alert')).toContainText('The registry is away');
    await expect(page.getByRole('alert')).toContainText('connection refused');
    await expect(page.getByRole('button', { name: 'Collect now' })).toBeDisabled();
    await page.unroute('**/api/v1/admin/registry');
    await page.route('**/api/v1/admin/registry', (route) => route.abort());
    await expect(page.getByText('The server did not answer.')).toBeVisible();
    await page.unroute('**/api/v1/admin/registry');
    await expect(page.getByText('The server did not answer.')).toBeHidden();
    await page.route('**/api/v1/admin/registry', (route) => route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{"status":404,"title":"Not Found","detail":"none"}' }));
    await page.reload();
    await expect(page.getByText('No registry is looked after here')).toBeVisible();
  });

  test('the overview warns before the disk is full', async ({ page }) => {
    await page.goto('/about');
    await signIn(page);
    await page.route('**/api/v1/admin/overview', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), registry: { up: true, problem: null, disk: { free: 3 * GB, total: 100 * GB, low: true, full: false } } } });
    });
    await page.goto('/admin');
    await expect(page.getByText('The disk of the registry gets full')).toBeVisible();
    await page.getByRole('link', { name: 'Look at the registry' }).click();
    await expect(page).toHaveURL(/\/admin\/registry$/);
  });

  for (const [what, size, dark] of [['narrow', { width: 320, height: 640 }, false], ['phone', { width: 360, height: 780 }, true], ['dark', { width: 1280, height: 800 }, true]]) {
    test(`both pages fit: ${what}, in Korean`, async ({ browser }) => {
      const context = await browser.newContext({ viewport: size, locale: 'ko-KR', colorScheme: dark ? 'dark' : 'light' });
      const page = await context.newPage();
      await page.goto('/about');
      await signIn(page);
      for (const [path, title] of [['builds', '빌드'], ['registry', '레지스트리']]) {
        await page.goto(`/admin/${path}`);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
        await expect(page.getByRole('link', { name: PROJECT, exact: true }).first()).toBeVisible();
        expect(await widthFits(page)).toBe(true);
        expect(await accessibility(page)).toEqual([]);
        await shot(page, `admin-${path}-${what}-ko`, { fullPage: true });
      }
      await context.close();
    });
  }
}
