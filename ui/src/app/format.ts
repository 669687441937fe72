// Numbers to text that is the same in every language.

/** 84 MB, 1.5 GB; binary steps, as limits are given. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = Math.max(bytes, 0);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`;
}

/** 12:41, 1:02:03; never negative. */
export function formatClock(ms: number): string {
  const all = Math.max(Math.floor(ms / 1000), 0);
  const seconds = String(all % 60).padStart(2, '0');
  const minutes = Math.floor(all / 60) % 60;
  const hours = Math.floor(all / 3600);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** One of eight hues, always the same for the same name. */
export function hueOf(name: string): number {
  let hash = 2166136261;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619) >>> 0;
  return hash % 8;
}

/** The name after the slash. */
export function shortName(fullName: string): string {
  return fullName.slice(fullName.indexOf('/') + 1);
}

/** A shell block's lines as one types them: prompts and the output under them left out. */
export function commandsOf(block: string): string {
  const lines = block.replace(/\r\n/g, '\n').replace(/\n+$/, '').split('\n');
  const prompted = lines.filter((line) => /^\s*[$#] \S/.test(line) && !/^#\s/.test(line.trim()));
  const taken = prompted.length > 0 ? prompted.map((line) => line.replace(/^\s*[$#] /, '')) : lines;
  return taken.join('\n');
}
