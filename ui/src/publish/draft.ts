// What somebody fills in to publish: kept in this browser until it is built, and made into what the server takes.
import type { About, OwnWhole, Proposal, SentSource, Size, Source } from '../api/publish.ts';
import { recall, remember } from '../app/theme.svelte.ts';

export const ways = ['script', 'dockerfile', 'image', 'git', 'sandbox'] as const;
export type Way = (typeof ways)[number];
export const sizes: readonly Size[] = ['small', 'medium', 'large'];
export const categories = ['language', 'system', 'database', 'web', 'cloud', 'ai', 'editor', 'fun'] as const;

export interface AboutDraft {
  name: string;
  summary: string;
  summaryKo: string;
  category: string;
  tags: string;
  license: string;
  homepage: string;
  contact: string;
  readme: string;
  readmeKo: string;
  run: string;
  smoke: string;
  size: Size;
  network: boolean;
  ports: string;
}

export interface SourceDraft {
  way: Way;
  base: string;
  script: string;
  dockerfile: string;
  reference: string;
  username: string;
  url: string;
  ref: string;
  folder: string;
  /** The proposal for a repository, as its author edits it; without one its own Dockerfile is built. */
  gitBase: string;
  gitScript: string | null;
}

export interface Draft {
  source: SourceDraft;
  about: AboutDraft;
  /** Sent already: what is changed from here on becomes a new version of it. */
  made: { fullName: string; build: string } | null;
}

/** What never leaves this page except to the server: not kept. */
export interface Unkept {
  password: string;
  context: File | null;
  logo: File | null;
  sandbox: string | null;
}

export const emptyAbout = (): AboutDraft => ({
  name: '', summary: '', summaryKo: '', category: '', tags: '', license: '', homepage: '', contact: '', readme: '', readmeKo: '', run: '', smoke: '',
  size: 'medium', network: false, ports: '',
});

export const emptySource = (): SourceDraft => ({
  way: 'script', base: '', script: '', dockerfile: '', reference: '', username: '', url: '', ref: '', folder: '', gitBase: '', gitScript: null,
});

export const emptyDraft = (): Draft => ({ source: emptySource(), about: emptyAbout(), made: null });

const keyOf = (username: string): string => `ttob-draft-${username}`;

/** Takes from `found` only what has the type that `model` has. */
function fill<T extends object>(model: T, found: unknown): T {
  if (typeof found !== 'object' || found === null) return model;
  const kept = found as Record<string, unknown>;
  const entries = Object.entries(model).map(([key, value]) => [key, typeof kept[key] === typeof value && value !== null ? kept[key] : value]);
  return Object.fromEntries(entries) as T;
}

export function readDraft(text: string | null): Draft | null {
  if (!text) return null;
  try {
    const found = JSON.parse(text) as Partial<Draft> | null;
    if (typeof found !== 'object' || found === null) return null;
    const source = fill(emptySource(), found.source);
    source.gitScript = typeof found.source?.gitScript === 'string' ? found.source.gitScript : null;
    if (!ways.includes(source.way)) source.way = 'script';
    const about = fill(emptyAbout(), found.about);
    if (!sizes.includes(about.size)) about.size = 'medium';
    const { made } = found;
    return { source, about, made: typeof made?.fullName === 'string' && typeof made.build === 'string' ? { fullName: made.fullName, build: made.build } : null };
  } catch {
    return null;
  }
}

export const loadDraft = (username: string): Draft | null => readDraft(recall(keyOf(username)));
export const keepDraft = (username: string, draft: Draft | null): void => remember(keyOf(username), draft && JSON.stringify(draft));

/** Has somebody begun? */
export function isBegun({ source, about }: Draft): boolean {
  const typed = [source.script, source.dockerfile, source.reference, source.url, about.name, about.summary, about.readme];
  return typed.some((text) => text.trim() !== '');
}

/** Nothing new was typed: what the server has goes on to be used. */
export const keeps = (draft: SourceDraft, unkept: Unkept, kept: string | null): boolean => kept !== null && unkept.password === '' && draft.username.trim() === kept;

/** `kept`: the user name whose password the server has already, so that it need not be typed again; null: none. */
export function sourceOf(draft: SourceDraft, unkept: Unkept, kept: string | null = null): Source {
  switch (draft.way) {
    case 'script': return { kind: 'script', base: draft.base.trim(), script: draft.script };
    case 'dockerfile':
      return unkept.context && !draft.dockerfile.trim() ? { kind: 'dockerfile' } : { kind: 'dockerfile', dockerfile: draft.dockerfile };
    case 'image': return {
      kind: 'image', reference: draft.reference.trim(),
      ...(draft.username.trim() === '' ? {} : keeps(draft, unkept, kept) ? { has_credentials: true } : { username: draft.username.trim(), password: unkept.password }),
    };
    case 'git': return {
      kind: 'git', url: draft.url.trim(), ...(draft.ref.trim() ? { ref: draft.ref.trim() } : {}), ...(draft.folder.trim() ? { folder: draft.folder.trim() } : {}),
      ...(draft.gitScript === null ? {} : { base: draft.gitBase.trim(), script: draft.gitScript }),
    };
    case 'sandbox': return { kind: 'sandbox', sandbox: unkept.sandbox ?? '' };
  }
}

/** A source that was sent before, to be edited. */
export function draftOfSource(sent: SentSource): SourceDraft {
  const draft = { ...emptySource(), way: ways.includes(sent.kind) ? sent.kind : 'script' };
  if (sent.kind === 'script') Object.assign(draft, { base: sent.base, script: sent.script });
  else if (sent.kind === 'dockerfile') draft.dockerfile = sent.dockerfile ?? '';
  else if (sent.kind === 'image') Object.assign(draft, { reference: sent.reference, username: sent.username ?? '' });
  else if (sent.kind === 'git') {
    Object.assign(draft, { url: sent.url, ref: sent.ref ?? '', folder: sent.folder ?? '', gitBase: sent.base ?? '', gitScript: sent.script ?? null });
  }
  return draft;
}

export const words = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))];

/** All of it, empty fields too: an edit may take something away. */
export function aboutOf(draft: AboutDraft): About {
  const line = (text: string): string => text.trim().replace(/\s+/g, ' ');
  return {
    summary: line(draft.summary), summary_ko: line(draft.summaryKo), category: draft.category, tags: words(draft.tags), license: line(draft.license),
    homepage: draft.homepage.trim(), contact: draft.contact.trim(), readme: draft.readme, readme_ko: draft.readmeKo, run: draft.run.trim(),
    smoke: draft.smoke.trim(), size: draft.size, network: draft.network, ports: words(draft.ports).map(Number),
  };
}

/** What is sent for a new project: empty fields are left out. */
export function formOf(draft: Draft, unkept: Unkept): object {
  const about = Object.entries(aboutOf(draft.about)).filter(([, value]) => value !== '' && !(Array.isArray(value) && value.length === 0));
  return { name: draft.about.name.trim(), ...Object.fromEntries(about), source: sourceOf(draft.source, unkept) };
}

export type Change = { [K in keyof About]?: About[K] | null };

/** The fields of an edit that differ from what is there, or all of them; what is emptied is taken away. */
export function changed(before: About | null, now: About): Change {
  const keys = Object.keys(now) as (keyof About)[];
  const differ = keys.filter((key) => !before || JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  return Object.fromEntries(differ.map((key) => [key, now[key] === '' ? null : now[key]]));
}

export function draftOfProject(project: OwnWhole): AboutDraft {
  const korean = project.i18n?.ko;
  const memory = project.limits?.memory ?? 0;
  return {
    name: project.name, summary: project.summary, summaryKo: korean?.summary ?? '', category: project.category, tags: project.tags.join(' '), license: project.license ?? '',
    homepage: project.homepage ?? '', contact: project.contact ?? '', readme: project.readme ?? '', readmeKo: project.readme_ko ?? '', run: project.run ?? '',
    smoke: project.smoke ?? '', size: project.size ?? (memory > 600e6 ? 'large' : memory > 300e6 ? 'medium' : 'small'), network: project.network, ports: project.ports.join(' '),
  };
}

/** A name out of an address, a package or an image: "https://host/ann/My_Tool.git" gives "my_tool". */
export function nameOutOf(text: string): string {
  const last = text.trim().replace(/[?#].*$/, '').replace(/@sha256:.*$/, '').replace(/\/+$/, '').split('/').at(-1) ?? '';
  return last.replace(/:[^:]*$/, '').replace(/\.git$/i, '').toLowerCase().replace(/[^a-z0-9._-]+/g, '-').replace(/[._-]{2,}/g, '-').replace(/^[._-]+|[._-]+$/g, '').slice(0, NAME_MOST).replace(/[._-]+$/, '');
}

/** The package that a script is most likely about: the last one that it installs. */
export function nameOfScript(script: string): string {
  const lines = script.replace(/\\\n/g, ' ').split('\n').filter((line) => /\b(apt-get|apt|apk|dnf|pip3?|npm|cargo|gem|go)\b.*\b(install|add)\b/.test(line) && !line.trim().startsWith('#'));
  const found = lines.at(-1)?.replace(/.*\b(?:install|add)\b/, '').split(/&&|;|\|/)[0]?.trim().split(/\s+/).filter((word) => word && !word.startsWith('-') && !/[$<>"'=]/.test(word)) ?? [];
  return nameOutOf(found.at(-1) ?? '');
}

/** What the source itself says the project could be called. */
export function suggestedName(draft: SourceDraft): string {
  switch (draft.way) {
    case 'script': return nameOfScript(draft.script);
    case 'dockerfile': return nameOfScript(draft.dockerfile.replace(/^\s*RUN\s+/gim, ''));
    case 'image': return nameOutOf(draft.reference);
    case 'git': return nameOutOf(draft.url);
    case 'sandbox': return '';
  }
}

/** Fills what is empty from a proposal; what somebody typed stays. */
export function accept(draft: Draft, proposal: Proposal): Draft {
  const { about, source } = draft;
  const fields = ['name', 'summary', 'readme', 'license', 'category', 'run', 'smoke'] as const;
  const filled = { ...about };
  for (const field of fields) if (!filled[field].trim()) filled[field] = proposal[field] ?? '';
  const found = proposal.source;
  const next = { ...source, gitBase: '', gitScript: null as string | null };
  if (found?.kind === 'git' && typeof found.script === 'string') Object.assign(next, { gitBase: found.base ?? '', gitScript: found.script });
  if (found?.kind === 'script') Object.assign(next, { gitBase: found.base, gitScript: found.script });
  return { ...draft, about: filled, source: next };
}

export const NAME_MOST = 40;
export const SUMMARY_MOST = 140;

export function nameFits(name: string): boolean {
  return name.length <= NAME_MOST && /^[a-z0-9]+([._-][a-z0-9]+)*$/.test(name);
}

/** "MIT", "GPL-2.0-only WITH Classpath-exception-2.0", "(MIT OR Apache-2.0) AND Zlib": the form of an SPDX expression, not its names. */
export function licenceFits(text: string): boolean {
  const tokens = text.match(/\(|\)|[^\s()]+/g) ?? [];
  let depth = 0;
  let wantsName = true;
  for (const token of tokens) {
    if (token === '(') {
      if (!wantsName) return false;
      depth++;
    } else if (token === ')') {
      if (wantsName || --depth < 0) return false;
    } else if (/^(AND|OR|WITH)$/.test(token)) {
      if (wantsName) return false;
      wantsName = true;
    } else {
      if (!wantsName || !/^[A-Za-z0-9.:-]+\+?$/.test(token)) return false;
      wantsName = false;
    }
  }
  return depth === 0 && !wantsName;
}
