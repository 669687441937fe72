// How soon a page is there for somebody on a slow line: Chromium with "fast 3G" (1.6 Mbit/s down, 750 kbit/s up, 150 ms a round trip),
// an empty cache each time. First and largest paint in ms, layout shift, and what came over the line in kB.
//   TTOB_URL (http://127.0.0.1:8080) · PROJECT (taste/figlet) · ROUNDS (5) · CPU (1: how many times slower) · TTOB_CHROMIUM
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../tests/e2e/package.json', import.meta.url))('playwright');
const base = process.env.TTOB_URL ?? 'http://127.0.0.1:8080';
const project = process.env.PROJECT ?? 'taste/figlet';
const rounds = Number(process.env.ROUNDS ?? 5);
const cpu = Number(process.env.CPU ?? 1);
const LINE = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8, connectionType: 'cellular3g' };

/** Runs in the page before its own scripts. */
function watch() {
  window.seen = { lcp: 0, cls: 0 };
  new PerformanceObserver((list) => (window.seen.lcp = list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.seen.cls += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
}

async function once(browser, path, locale) {
  const context = await browser.newContext({ locale, viewport: { width: 412, height: 823 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  await cdp.send('Network.emulateNetworkConditions', LINE);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: cpu });
  const kinds = new Map();
  const bytes = { script: 0, all: 0, first: 0 };
  let painted = false;
  cdp.on('Network.responseReceived', ({ requestId, type }) => kinds.set(requestId, type));
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    bytes.all += encodedDataLength;
    if (kinds.get(requestId) === 'Script') bytes.script += encodedDataLength;
    if (!painted) bytes.first += encodedDataLength;
  });
  await page.addInitScript(watch);
  await page.goto(base + path, { waitUntil: 'commit' });
  const fcp = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime).then((handle) => handle.jsonValue());
  painted = true;
  await page.waitForLoadState('networkidle');
  const seen = await page.evaluate(() => window.seen);
  await context.close();
  return { fcp, lcp: seen.lcp, cls: seen.cls, script: bytes.script / 1000, first: bytes.first / 1000, all: bytes.all / 1000 };
}

const median = (list, name) => list.map((item) => item[name]).sort((a, b) => a - b)[Math.floor(list.length / 2)];

const browser = await chromium.launch({ executablePath: process.env.TTOB_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
console.log(`${'page, fast 3G, nothing cached'.padEnd(34)} ${['FCP ms', 'LCP ms', 'CLS', 'first kB', 'script kB', 'all kB'].map((name) => name.padStart(9)).join(' ')}`);
for (const [path, locale] of [['/', 'en-US'], ['/', 'ko-KR'], ['/projects', 'en-US'], [`/p/${project}`, 'en-US'], [`/p/${project}`, 'ko-KR']]) {
  const all = [];
  for (let i = 0; i < rounds; i++) all.push(await once(browser, path, locale));
  const figures = Object.fromEntries(['fcp', 'lcp', 'cls', 'first', 'script', 'all'].map((name) => [name, median(all, name)]));
  const row = [figures.fcp.toFixed(0), figures.lcp.toFixed(0), figures.cls.toFixed(4), figures.first.toFixed(0), figures.script.toFixed(0), figures.all.toFixed(0)];
  console.log(`${`${path} ${locale.slice(0, 2)}`.padEnd(34)} ${row.map((text) => text.padStart(9)).join(' ')}`);
  console.log(JSON.stringify({ bench: 'page', path, locale, rounds, cpu, ...figures }));
}
await browser.close();
