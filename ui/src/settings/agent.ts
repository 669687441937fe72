// What a browser calls itself, made readable. Only a hint for people: anybody can send anything.
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'], [/\bOPR\/|\bOpera\b/, 'Opera'], [/\bSamsungBrowser\//, 'Samsung Internet'], [/\bWhale\//, 'Whale'], [/\bKAKAOTALK\b/i, 'KakaoTalk'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'], [/\bHeadlessChrome\//, 'Chrome'], [/\bChrome\/|\bCriOS\/|\bChromium\//, 'Chrome'], [/\bVersion\/.*\bSafari\//, 'Safari'], [/^curl\//, 'curl'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'], [/\biPad\b/, 'iPad'], [/\bAndroid\b/, 'Android'], [/\bWindows\b/, 'Windows'], [/\bCrOS\b/, 'ChromeOS'], [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

export interface Agent {
  browser: string | null;
  system: string | null;
  mobile: boolean;
}

export function readAgent(agent: string): Agent {
  const of = (list: readonly [RegExp, string][]): string | null => list.find(([pattern]) => pattern.test(agent))?.[1] ?? null;
  return { browser: of(BROWSERS), system: of(SYSTEMS), mobile: /\b(iPhone|Android|Mobile)\b/.test(agent) };
}
