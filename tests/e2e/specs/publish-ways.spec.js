// The ways in that bring files along or fetch them, each from the form to a shell that has them: a Dockerfile with its context, an image,
// a repository. (A script: publish.spec.js; a terminal: publish-live.spec.js.)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { call, join } from '../lib/people.js';
import { atPrompt, expect, sees, shot, test, type } from '../lib/site.js';

const MINUTES = 60_000;
const repository = process.env.TTOB_E2E_REPOSITORY ?? '';
let serial = 0;
const fresh = (prefix) => `${prefix}-${Date.now().toString(36)}${(++serial).toString(36)}`;

test.skip(process.env.TTOB_E2E_MOCK === '1', 'needs a platform that builds');

async function begin(page, way) {
  await page.goto('/');
  const username = await join(page, 'cook');
  await page.goto('/new');
  await page.getByRole('tab', { name: way }).click();
  return username;
}

async function publish(page, name, smoke) {
  await page.locator('[name="name"]').fill(name);
  await page.locator('[name="category"]').selectOption('fun');
  if ((await page.locator('[name="summary"]').inputValue()) === '') await page.locator('[name="summary"]').fill('Tastes of what it is made of');
  await page.getByText('More: how it runs').click();
  await page.locator('[name="smoke"]').fill(smoke);
  await page.getByRole('button', { name: 'Build and publish' }).click();
  const watch = page.locator('[data-build]');
  await expect(watch).toHaveAttribute('data-build', /succeeded|failed|cancelled/, { timeout: 8 * MINUTES });
  expect(await watch.getAttribute('data-build'), await watch.innerText()).toBe('succeeded');
  await expect(page.getByRole('heading', { name: `${name} is published` })).toBeFocused();
}

/** Tries what was published; it says `line` to the command. */
async function tastes(page, command, line) {
  await page.getByRole('link', { name: 'Try it' }).click();
  await expect(page.locator('section.panel')).toHaveAttribute('data-phase', 'running');
  await atPrompt(page);
  await type(page, command);
  await sees(page, line);
}

function archive(files) {
  const folder = mkdtempSync(path(tmpdir(), 'ttob-context-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path(folder, name), text);
  execFileSync('tar', ['-czf', path(folder, '.context.tar.gz'), '-C', folder, ...Object.keys(files)]);
  const bytes = readFileSync(path(folder, '.context.tar.gz'));
  rmSync(folder, { recursive: true });
  return bytes;
}

test('a Dockerfile is built with the files that go along', async ({ page }) => {
  test.setTimeout(10 * MINUTES);
  await begin(page, 'Dockerfile');
  const context = archive({
    Dockerfile: 'FROM debian:bookworm AS made\nARG WORD=plum\nRUN echo "tastes of $WORD" >/made\nFROM debian:bookworm\nCOPY --from=made /made /made\nCOPY . /all\nHEALTHCHECK CMD true\n',
    '.dockerignore': 'secret\n', secret: 'not this', kept: 'this',
  });
  await page.locator('[data-context="file"]').setInputFiles({ name: 'plum.tar.gz', mimeType: 'application/gzip', buffer: context });
  await expect(page.getByText(/plum\.tar\.gz, .* goes along\./)).toBeVisible();
  await publish(page, fresh('plum'), 'grep plum /made && test -f /all/kept && ! test -e /all/secret');
  await expect(page.getByRole('log')).toContainText('HEALTHCHECK is left out');
  await tastes(page, 'cat /made', /^tastes of plum$/);
});

test('an image is taken as it is', async ({ page }) => {
  test.setTimeout(10 * MINUTES);
  await begin(page, 'Image');
  await page.locator('[name="source.reference"]').fill('debian:bookworm');
  await publish(page, fresh('debian'), 'grep ^12 /etc/debian_version');
  await tastes(page, 'cut -c1-3 /etc/debian_version', /^12\.$/);
});

test('a repository is looked at, built from its own Dockerfile, and its README becomes the page', async ({ page }) => {
  test.skip(!repository, 'TTOB_E2E_REPOSITORY is not set');
  test.setTimeout(10 * MINUTES);
  const username = await begin(page, 'Git');
  await page.locator('[name="source.url"]').fill('https://127.0.0.1/x.git');
  await page.getByRole('button', { name: 'Look at it' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.locator('[name="source.url"]').fill(repository);
  await page.getByRole('button', { name: /^Look/ }).click();
  await expect(page.getByText('3 files')).toBeVisible({ timeout: 2 * MINUTES });
  await shot(page, 'git-way', { fullPage: true });
  const name = fresh('ember');
  await publish(page, name, 'ember | grep red');
  await tastes(page, 'ember', /^glows red$/);
  await expect(page.getByText('Glows in the dark.')).toHaveCount(2); // the summary that was proposed, and the README
  const whole = await (await call(page, 'GET', `/projects/${username}/${name}`)).json();
  expect(whole.readme).toContain('# Ember');
});
