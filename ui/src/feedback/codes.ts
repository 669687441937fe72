// Code for other people's pages: badges in four languages, and a frame with the terminal.
export const badgeFormats = ['markdown', 'html', 'rst', 'asciidoc'] as const;
export type BadgeFormat = (typeof badgeFormats)[number];
export const badgeThemes = ['auto', 'light', 'dark'] as const;
export type BadgeTheme = (typeof badgeThemes)[number];

export interface Badge {
  /** Scheme, host and port of this site. */
  origin: string;
  fullName: string;
  tries: boolean;
  theme: BadgeTheme;
}

export function badgePath({ fullName, tries, theme }: Omit<Badge, 'origin'>): string {
  const query = new URLSearchParams();
  if (tries) query.set('tries', '1');
  if (theme !== 'auto') query.set('theme', theme);
  const text = query.toString();
  return `/badge/${fullName}.svg${text ? `?${text}` : ''}`;
}

const html = (text: string): string => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');

export function badgeCode(format: BadgeFormat, badge: Badge, alt: string): string {
  const image = badge.origin + badgePath(badge);
  const page = `${badge.origin}/p/${badge.fullName}`;
  switch (format) {
    case 'markdown': return `[![${alt}](${image})](${page})`;
    case 'html': return `<a href="${html(page)}"><img src="${html(image)}" alt="${html(alt)}"></a>`;
    case 'rst': return `.. image:: ${image}\n   :target: ${page}\n   :alt: ${alt}`;
    case 'asciidoc': return `image:${image}["${alt}",link="${page}"]`;
  }
}

export function embedCode(origin: string, fullName: string, title: string): string {
  return `<iframe src="${html(`${origin}/embed/${fullName}`)}" title="${html(title)}"\n  width="100%" height="480" loading="lazy" allow="clipboard-write; fullscreen"></iframe>`;
}

export const MOST_ORIGINS = 20;

/** Sites as people write them, one a line; `bad` is the first line that is none. */
export function readOrigins(text: string): { origins: string[]; bad: string | null } {
  const origins = new Set<string>();
  for (const line of text.split(/[\s,]+/).filter(Boolean)) {
    const origin = originOf(line);
    if (!origin) return { origins: [], bad: line };
    origins.add(origin);
  }
  return { origins: [...origins], bad: null };
}

function originOf(line: string): string | null {
  try {
    const url = new URL(line);
    const whole = url.protocol === 'https:' && !url.username && !url.password && !url.search && !url.hash && url.pathname === '/';
    return whole && !line.includes('*') ? url.origin : null;
  } catch {
    return null;
  }
}
